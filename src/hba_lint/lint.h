// SPDX-License-Identifier: PostgreSQL
// What is wrong with a pg_hba.conf: first whether a server of a version loads it, in the server's
// words, then what is likely not meant or unsafe in a file that loads (docs/hba-findings.md).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "admission/roles.h"
#include "base/finding.h"
#include "hba/rule_file.h"
#include "hba_lint/server_facts.h"

namespace hba_lint {

struct Subject {
  std::string file;  ///< the path beside which other files are looked for
  std::string_view text;
  hba::Version version;
  hba::ServerTraits traits;
  const hba::Sources& sources;
  const admission::Roles& roles;
  std::string ident_file{};
  std::optional<std::string> idents{};  ///< null: nothing is known of maps
  const ServerFacts* server = nullptr;  ///< null: none was asked
};

struct Report {
  hba::RuleFile rules;
  base::Findings findings;  ///< in the order of the lines, of FILE first
};

/// Total: any bytes are taken. Of n rules it takes time in the sum of their users times databases,
/// times log n, as a proof does.
Report lint(const Subject& subject);

}  // namespace hba_lint
