// SPDX-License-Identifier: PostgreSQL
// A state folder of a test's own, and the few words that every test of the ledger begins with.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>

#include <filesystem>
#include <string>

#include "ledger/ledger.h"

namespace scratch {

/// Days after the beginning of 2027.
inline base::Time at(int day) {
  return base::Time(std::chrono::seconds(1798761600)) + base::Days(day);
}

inline ledger::Holder holder(const std::string& command = "apply") {
  return {123, "admin1", "root", command};
}

class Scratch {
 public:
  Scratch() {
    char name[] = "/tmp/pgseal-ledger-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
  ~Scratch() { std::filesystem::remove_all(path_); }
  [[nodiscard]] const std::string& path() const { return path_; }
  [[nodiscard]] std::string state() const { return path_ + "/state"; }
  [[nodiscard]] std::string file() const { return state() + "/ledger.sqlite"; }

 private:
  std::string path_;
};

inline ledger::Ledger made(const std::string& folder, const std::string& environment = "shop") {
  auto book = ledger::Ledger::create(folder, environment, holder(), at(0));
  if (!book) FAIL(book.error().message << ": " << book.error().detail);
  return std::move(book).value();
}

inline ledger::Ledger opened(const std::string& folder, ledger::Access access) {
  auto book = ledger::Ledger::open(folder, "shop", access, holder(), at(1));
  if (!book) FAIL(book.error().message << ": " << book.error().detail);
  return std::move(book).value();
}

}  // namespace scratch
