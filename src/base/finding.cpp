// SPDX-License-Identifier: PostgreSQL
#include "base/finding.h"

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

void append(Findings& to, Findings&& from) {
  std::move(from.begin(), from.end(), std::back_inserter(to));
}

bool any_problem(const Findings& findings) {
  return std::any_of(findings.begin(), findings.end(),
                     [](const Finding& f) { return f.severity != Severity::note; });
}

}  // namespace base
