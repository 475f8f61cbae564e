// SPDX-License-Identifier: PostgreSQL
// What real servers did with some hundred files (tests/hba/cases/hba-cases.tsv; its columns stand
// in its first line), read for the tests that compare.
#pragma once

#include <string>
#include <vector>

#include "hba/rule_file.h"
#include "hba/texts.h"

namespace hba_tests {

inline const std::string main_file = "/data/pg_hba.conf";

struct Case {
  std::string id;
  int first = 0;  ///< the majors that it is about
  int last = 0;
  std::string text;
  std::string idents;  ///< of pg_ident.conf
  Texts beside;
  hba::ServerTraits traits;
  std::vector<std::string> expected;
};

/// All of the file in `folder`.
std::vector<Case> read_cases(const std::string& path);

/// {{q*300}} and {{join(",",d%05d for 0..1999)}} written out.
std::string expanded(std::string text);

std::vector<std::string> split_by(const std::string& text, const std::string& separator);

}  // namespace hba_tests
