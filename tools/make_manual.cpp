// SPDX-License-Identifier: PostgreSQL
// Prints docs/errors.md from the table that the program itself uses, so that the manual cannot say
// something else. ./run lint compares the two.
#include <cstdio>
#include <string>

#include "base/error.h"

int main() {
  std::fputs(
      "# Errors\n\n"
      "Each error has a number that is never used twice, a word for scripts, and the exit status "
      "that\n"
      "a command ends with when the error kept it from its work. This page is printed from the\n"
      "program's own table (`src/base/error.cpp`) by `./run lint --fix`.\n\n"
      "| number | word | exit status | what it means | what to do |\n|---|---|---|---|---|\n",
      stdout);
  for (const base::ErrorRow& row : base::error_table()) {
    std::printf("| %u | `%s` | %d | %s | %s |\n", static_cast<unsigned>(row.code),
                std::string(row.name).c_str(), base::exit_status(row.code),
                std::string(row.meaning).c_str(), std::string(row.remedy).c_str());
  }
  return std::ferror(stdout) != 0 || std::fflush(stdout) != 0 ? 1 : 0;
}
