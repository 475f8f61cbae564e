// SPDX-License-Identifier: PostgreSQL
// `hba lint --fix`: what the lint can mend is shown as a difference, proven to say the same, and
// written.
#pragma once

#include "cli/commands.h"
#include "hba_lint/fix.h"

namespace cli {

/// The report to print then is that of the text that stands in the file now. Errors: those of
/// `consent` and of base::rewrite_file_durably; usage; internal where the corrected file would not
/// say the same, and then nothing is written.
base::Result<hba_lint::Fixed> mend(Shell& shell, const hba_lint::Subject& subject);

/// As a unified difference without context, secrets masked.
std::string text_of(const std::vector<hba_lint::Correction>& corrections, const std::string& file);

}  // namespace cli
