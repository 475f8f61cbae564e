// SPDX-License-Identifier: PostgreSQL
// A finding is something wrong in *their* world, collected and never thrown: what, where, why it
// matters, what to do, and the clause it comes from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"

namespace base {

enum class Severity : std::uint8_t { note, warning, error };

struct Place {
  std::string file;
  int line = 0;  ///< 1-based; 0: none
  bool operator==(const Place&) const = default;
};

struct Finding {
  Severity severity = Severity::error;
  std::string code;  ///< "server.settings-overridden"
  std::string message;
  std::string detail;
  std::string hint;
  std::string clause;  ///< "postgresql runtime-config-connection", "RFC 5280 4.1.2.2"
  std::string host;
  std::string slot;
  std::string file;
  int line = 0;
  std::vector<Place> related;
  bool operator==(const Finding&) const = default;
};

using Findings = std::vector<Finding>;

const char* to_string(Severity severity);

/// What an error says, as a finding: with what was under way, and a remedy where it brings no hint.
Finding finding_of(const Error& error, std::string_view code);

void append(Findings& to, Findings&& from);

/// True where a finding of `warning` or `error` is among them: what makes an exit status 1.
bool any_problem(const Findings& findings);

}  // namespace base
