// SPDX-License-Identifier: PostgreSQL
// Texts out of words that mean something to a scanner, for tests that must hold for any text.
#pragma once

#include <random>
#include <string>
#include <vector>

namespace tests {

inline std::string random_text(std::mt19937& random, const std::vector<std::string>& words,
                               std::size_t most = 24) {
  std::string text;
  const std::size_t count = random() % (most + 1);
  for (std::size_t i = 0; i < count; ++i) text += words[random() % words.size()];
  return text;
}

inline const std::vector<std::string>& configuration_words() {
  static const std::vector<std::string> words = {"ssl",
                                                 "port",
                                                 "a.b",
                                                 " ",
                                                 "\t",
                                                 "=",
                                                 "\n",
                                                 "\n",
                                                 "\r\n",
                                                 "'",
                                                 "''",
                                                 "\\",
                                                 "\\n",
                                                 "\\101",
                                                 "#",
                                                 "on",
                                                 "64MB",
                                                 "1.5",
                                                 "-",
                                                 "0x1f",
                                                 "include",
                                                 "include_if_exists",
                                                 "include_dir",
                                                 "'x'",
                                                 "ssl = on\n",
                                                 "port 1\n",
                                                 std::string(1, '\0'),
                                                 "\xc3\xa9",
                                                 "\f",
                                                 "/",
                                                 "."};
  return words;
}

}  // namespace tests
