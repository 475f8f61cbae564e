// SPDX-License-Identifier: PostgreSQL
// Bytes that must reach no log, message, command line or ledger: move-only, wiped at the end, not
// printable, not convertible. Reading them takes a word that can be searched for.
#pragma once

#include <iosfwd>
#include <string>
#include <string_view>

namespace base {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string bytes) : bytes_(std::move(bytes)) {}
  Secret(const Secret&) = delete;
  Secret& operator=(const Secret&) = delete;
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  [[nodiscard]] std::string_view expose_secret() const { return bytes_; }
  [[nodiscard]] bool empty() const { return bytes_.empty(); }
  /// Drops one trailing newline, as a passphrase file has it.
  void trim_newline();

 private:
  void wipe();
  std::string bytes_;
};

std::ostream& operator<<(std::ostream&, const Secret&) = delete;

}  // namespace base
