// SPDX-License-Identifier: PostgreSQL
// A fuzzer without libFuzzer, for builds by another compiler: each file of the folders that are
// named, and some hundred variations of it, the same in each run.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <random>
#include <string>
#include <vector>

#include "fuzz/fuzzed.h"

namespace {

constexpr int variations = 300;

std::vector<std::string> inputs(const std::string& folder) {
  std::vector<std::filesystem::path> paths;
  for (const auto& entry : std::filesystem::directory_iterator(folder)) paths.push_back(entry);
  std::sort(paths.begin(), paths.end());
  std::vector<std::string> made;
  for (const auto& path : paths) {
    std::ifstream file(path, std::ios::binary);
    made.emplace_back(std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>());
  }
  return made;
}

void vary(std::string& text, const std::vector<std::string>& others, std::mt19937& dice) {
  const std::size_t at = text.empty() ? 0 : dice() % text.size();
  switch (dice() % 5) {
    case 0:
      text.insert(at, 1, static_cast<char>(dice() % 256));
      break;
    case 1:
      if (!text.empty())
        text[at] = static_cast<char>(static_cast<unsigned>(text[at]) ^ (1U << dice() % 8));
      break;
    case 2:
      text.erase(at, 1 + dice() % 8);
      break;
    case 3: {  // a piece of another
      const std::string& other = others[dice() % others.size()];
      if (!other.empty()) text.insert(at, other.substr(dice() % other.size(), 1 + dice() % 40));
      break;
    }
    default:
      text.resize(at);
  }
}

void run(const std::string& text) {
  // In a block of its own size, so that a sanitizer sees a byte read beyond it.
  const std::vector<std::uint8_t> bytes(text.begin(), text.end());
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

}  // namespace

int main(int count, char** words) {
  int runs = 0;
  for (int i = 1; i < count; ++i) {
    const std::vector<std::string> known = inputs(words[i]);
    std::mt19937 dice(1);
    for (const std::string& input : known) {
      run(input);
      ++runs;
      for (int each = 0; each < variations; ++each, ++runs) {
        std::string varied = input;
        for (unsigned changes = 1 + dice() % 4; changes > 0; --changes) vary(varied, known, dice);
        run(varied);
      }
    }
  }
  std::printf("%d inputs\n", runs);
  return runs > 0 ? 0 : 1;
}
