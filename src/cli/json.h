// SPDX-License-Identifier: PostgreSQL
// Results as JSON documents, in the form that docs and scripts rely on. What does not apply is
// absent. Every foreign text passes base::printable_line, so that a document is valid UTF-8 and
// harmless on a terminal.
#pragma once

#include <string>

#include "admission/compare.h"
#include "admission/prove.h"
#include "hba_lint/fix.h"
#include "networks/narrow.h"
#include "operations/apply.h"
#include "operations/remove_host.h"
#include "operations/status.h"
#include "operations/verify.h"
#include "replay/log_replay.h"
#include "survey/connected.h"
#include "survey/draft.h"

namespace cli {

std::string json_of(const operations::ApplyReport& report, const std::string& operation);
std::string json_of(const operations::VerifyReport& report);
std::string json_of(const operations::StatusReport& report, const std::string& environment);
std::string json_of(const base::Error& error);
std::string json_of(const base::Findings& findings);
std::string json_of(const std::vector<ledger::Debt>& debts);
std::string json_of(const operations::RemovedHost& removed);
std::string json_of(const std::vector<ledger::AuditRow>& rows);
std::string json_of_users(const fleet::Environment& environment);
std::string json_of_hosts(const fleet::Environment& environment);
std::string json_of(const std::vector<ledger::Authority>& authorities);
/// Null where nothing decides. Secrets of the rule's text are masked.
std::string json_of(const admission::Decision& decision);
std::string json_of(const admission::Proof& proof, const std::string& require);
/// With `hidden` where the server hides any.
std::string json_of(const std::vector<replay::Group>& groups,
                    const std::vector<survey::Hidden>& hidden = {});
/// The same with `more` and `log`.
std::string json_of(const replay::LogReport& report);
std::string json_of(const admission::Comparison& comparison);
/// With `unseen` and `hidden` where there are any.
std::string json_of(const networks::Narrowed& narrowed, const std::vector<survey::Hidden>& hidden);
/// Null where the view has null. With rule_number from 16 on, as there. With `maps` those too,
/// unless it is null.
std::string json_of(const hba::RuleFile& rules, const hba::IdentFile* maps,
                    const hba::Version& version);
/// With `corrections` where there are some; secrets masked.
std::string json_of(const hba_lint::Fixed& fixed, const hba::Version& version);
/// `hosts` and `identities` as far as `init` found any.
std::string json_of_init(const std::string& file, const survey::Draft* draft);

}  // namespace cli
