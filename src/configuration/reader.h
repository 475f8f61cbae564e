// SPDX-License-Identifier: PostgreSQL
// Reading a table of the configuration by the table of keys: what is unknown, of a wrong type, out
// of range or refused by its check becomes a problem with its place, and reading goes on.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/finding.h"
#include "configuration/checks.h"
#include "configuration/tree.h"

namespace configuration {

/// A value from a file, as messages show it: harmless, in quotes, cut where it is long.
std::string in_quotes(std::string_view value);

/// A place in one of the files: `file` as Problems counts them.
struct Spot {
  std::size_t file = 0;
  Position at;
  auto operator<=>(const Spot&) const = default;
};

/// Everything wrong, over all files.
class Problems {
 public:
  /// What is added from now on is of this file.
  void enter(std::string path);
  [[nodiscard]] Spot here(Position at) const { return {files_.size() - 1, at}; }
  [[nodiscard]] base::Place place(Spot spot) const { return {files_[spot.file], spot.at.line}; }

  void add(base::Code code, Position at, std::string message, std::string hint = "");
  void add_at(base::Code code, Spot spot, std::string message, std::string hint = "");
  /// A finding that is no error.
  void warn(Position at, std::string message, std::string hint);

  /// By file and place.
  [[nodiscard]] base::Findings findings() const;
  /// The first error of findings() with the others in its detail; null: none.
  [[nodiscard]] std::optional<base::Error> error() const;

 private:
  struct Problem {
    base::Code code;
    Spot spot;
    base::Finding finding;
  };
  [[nodiscard]] std::vector<Problem> sorted() const;

  std::vector<std::string> files_;
  std::vector<Problem> problems_;
};

class TableReader {
 public:
  /// Reports unknown keys and wrong types at once; then `table` has only good ones.
  TableReader(std::string_view table, Value value, Problems& problems);
  TableReader(const TableReader&) = delete;
  TableReader& operator=(const TableReader&) = delete;

  /// Null where it is absent or was of a wrong type.
  [[nodiscard]] const Member* find(std::string_view name) const;
  /// Where the key stands, or where the table begins.
  [[nodiscard]] Position at(std::string_view name) const;

  /// "" where absent or refused. `check` comes after check_words.
  std::string text(std::string_view name, Check check = nullptr);
  /// What is refused or there twice is left out.
  std::vector<std::string> texts(std::string_view name, Check check = nullptr);
  std::optional<int> integer(std::string_view name, int low, int high);
  bool flag(std::string_view name);
  std::optional<base::Time> end_of_day(std::string_view name);
  /// The index in `words`; null where absent or refused.
  std::optional<std::size_t> choice(std::string_view name, std::span<const std::string_view> words);
  /// Reports the key as missing where it was not written at all; true where it is usable.
  bool require(std::string_view name, std::string hint = "");
  void object(std::string_view name, std::string message, std::string hint = "");

 private:
  bool accept(std::string_view name, const Value& value, Check check);
  [[nodiscard]] bool check_member(const Member& member);

  std::string_view table_;
  Value value_;
  Problems& problems_;
  std::vector<Member> good_;
  std::vector<Member> wrong_;  ///< unknown, or of a wrong type
};

}  // namespace configuration
