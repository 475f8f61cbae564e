// SPDX-License-Identifier: PostgreSQL
// Results as text for people: one function a report. Foreign text is escaped here.
#pragma once

#include <functional>
#include <string>

#include "admission/compare.h"
#include "admission/prove.h"
#include "cli/speech.h"
#include "operations/apply.h"
#include "operations/remove_host.h"
#include "operations/status.h"
#include "operations/verify.h"
#include "replay/log_replay.h"

namespace cli {

/// `past`: apply's words ("done") instead of plan's ("will").
std::string text_of(const operations::ApplyReport& report, bool past, Ink ink);
std::string text_of(const planning::Plan& plan, Ink ink);
std::string text_of(const operations::VerifyReport& report, Ink ink);
/// Piece by piece: of ten thousand hosts it is megabytes.
void write_text(const operations::StatusReport& report, const fleet::Environment& environment,
                Ink ink, const std::function<void(const std::string&)>& write);
/// One line in the form of monitoring plugins, and its exit status (0 ok, 1 warning, 2 critical).
std::string nagios_of(const operations::StatusReport& report, int& status);
std::string text_of(const std::vector<ledger::Debt>& debts);
std::string text_of(const operations::RemovedHost& removed);
std::string text_of(const std::vector<ledger::AuditRow>& rows);
std::string text_of(const std::vector<ledger::Authority>& authorities);
/// Columns as wide as their widest cell; nothing stands behind the last.
std::string table_of(const std::vector<std::vector<std::string>>& cells);
/// The rows of pg_ident_file_mappings; those of other files than `main` with their file.
std::string text_of(const hba::IdentFile& maps, const std::string& main);
/// So are those of pg_hba_file_rules.
std::string text_of(const hba::RuleFile& rules, const std::string& main,
                    const hba::Version& version);
std::string text_of(const admission::Decision& decision);
std::string text_of(const admission::Proof& proof);
std::string text_of(const std::vector<replay::Group>& groups);
/// With a line for each fate of which there are more groups than are shown.
std::string text_of(const replay::Report& report);
std::string text_of(const admission::Comparison& comparison);
std::string users_of(const fleet::Environment& environment);
std::string hosts_of(const fleet::Environment& environment);

}  // namespace cli
