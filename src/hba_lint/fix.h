// SPDX-License-Identifier: PostgreSQL
// The remedies that a program may take: those after which the file says what it said, or what a
// server that refused a line was meant to read. All others change who gets in, and are a person's.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "hba_lint/lint.h"

namespace hba_lint {

/// Of one line with the lines that continue it, line ends included.
struct Correction {
  int line = 0;                    ///< of the file as it was
  std::vector<std::string> codes;  ///< of the findings that it mends
  std::string before;
  std::string after;  ///< "": the line is taken out
};

struct Fixed {
  std::string text;
  std::string reworded;                 ///< the same with the lines that are taken out
  std::vector<Correction> corrections;  ///< in the order of the lines
  Report report;                        ///< of `text`
};

/// What nobody is in by today's memberships alone is not taken out. Of the subject's own file; what
/// it includes stays as it is. Every byte outside of a corrected word stays, but for the blanks
/// before an option that goes. Total, as lint is.
Fixed fix(const Subject& subject);

/// Whether a finding of that code may be mended by `fix`.
bool has_safe_remedy(std::string_view code);

}  // namespace hba_lint
