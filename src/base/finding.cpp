// SPDX-License-Identifier: PostgreSQL
#include "base/finding.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

namespace base {

const char* to_string(Severity severity) {
  switch (severity) {
    case Severity::note:
      return "note";
    case Severity::warning:
      return "warning";
    case Severity::error:
      return "error";
  }
  return "error";
}

Finding finding_of(const Error& error, std::string_view code) {
  Finding finding;
  finding.code = code;
  finding.message = error.message;
  finding.detail = error.detail;
  if (!error.while_doing.empty())
    finding.detail +=
        fmt::format("{}This was while {}.", error.detail.empty() ? "" : " ", error.while_doing);
  finding.hint = error.hint.empty() ? std::string(error_row(error.code).remedy) : error.hint;
  return finding;
}

void append(Findings& to, Findings&& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

bool any_problem(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity != Severity::note; });
}

}  // namespace base
