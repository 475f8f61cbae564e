// SPDX-License-Identifier: PostgreSQL
// Whether every connection over TCP that pg_hba.conf lets past authentication comes over TLS, or
// shows a certificate: over all addresses and all names, those that no rule names too.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "admission/connection.h"
#include "admission/explain.h"
#include "admission/intervals.h"

namespace admission {

enum class Requirement : std::uint8_t { tls, certificate };

struct Question {
  Requirement require = Requirement::tls;
  std::vector<std::string> roles;      ///< empty: all
  std::vector<std::string> databases;  ///< empty: all; else physical replication is left out
  std::optional<Addresses> networks;   ///< null: all
  bool include_local = false;          ///< sockets are asked about as well
};

struct Proof {
  bool proven = false;
  std::string statement;  ///< what is proven or refuted, and what every proof presupposes
  std::optional<Connection> witness;  ///< gets past without
  const hba::RuleRow* row = nullptr;  ///< by this rule
  /// What the answer depends on that only the server can tell; then it is not proven.
  std::vector<std::string> unknown;
};

/// What a proof is about. All are referred to by what is made of them.
struct Subject {
  const hba::RuleFile& file;  ///< that is not refused
  const hba::IdentFile& idents;
  const Roles& roles;
  hba::Version version;
  hba::ServerTraits traits;
  const char* members = "the list";  ///< whose memberships `roles` has, where it knows any
};

/// Takes, for n rules, time in the sum of their users times databases, times log n.
Proof prove(const Subject& subject, const Question& question);

}  // namespace admission
