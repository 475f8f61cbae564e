// SPDX-License-Identifier: PostgreSQL
#include "base/error.h"

#include <doctest/doctest.h>
#include <errno.h>

#include <set>

#include "base/finding.h"
#include "base/result.h"
#include "base/secret.h"

using base::Code;

TEST_CASE("no error number and no error name is used twice") {
  std::set<int> numbers;
  std::set<std::string_view> names;
  for (const base::ErrorRow& row : base::error_table()) {
    CHECK(numbers.insert(static_cast<int>(row.code)).second);
    CHECK(names.insert(row.name).second);
    CHECK(row.meaning.ends_with("."));
    CHECK(row.remedy.ends_with("."));
  }
}

TEST_CASE("every error number ends a command with a documented exit status") {
  const std::set<int> documented = {1, 2, 10, 11, 12, 13, 14, 15, 16, 17};
  for (const base::ErrorRow& row : base::error_table())
    CHECK(documented.contains(base::exit_status(row.code)));
}

TEST_CASE("what was under way is told from the outside in") {
  const auto error = base::error(Code::file_io, "could not read").during("inner").during("outer");
  CHECK(error.while_doing == "outer: inner");
}

static base::Result<int> half(int number) {
  if (number % 2 != 0) return base::error(Code::parse, "odd");
  return number / 2;
}
static base::Result<int> quarter(int number) { return half(TRY(half(number))); }

TEST_CASE("an error that becomes a finding keeps what was under way, and the remedy of its kind") {
  auto error = base::system_error(Code::file_io, "could not write", ENOSPC).during("writing \"a\"");
  auto found = base::finding_of(error, "file.io");
  CHECK(found.detail == "No space left on device. This was while writing \"a\".");
  CHECK(found.hint == base::error_row(Code::file_io).remedy);
  found = base::finding_of(std::move(error).with_hint("Make room."), "slot.unseen");
  CHECK(found.code == "slot.unseen");
  CHECK(found.hint == "Make room.");
  CHECK(base::finding_of(base::error(Code::key, "no key"), "key").detail.empty());
}

TEST_CASE("TRY gives the value or leaves with the error") {
  CHECK(*quarter(8) == 2);
  CHECK(quarter(6).error().message == "odd");
}

template <class T>
concept Printable = requires(std::ostream& out, const T& value) {
  out << value;
};
static_assert(!Printable<base::Secret>);
static_assert(!std::is_copy_constructible_v<base::Secret>);
static_assert(!std::is_convertible_v<base::Secret, std::string>);

TEST_CASE("a moved-from secret keeps nothing") {
  base::Secret first("pass");
  const base::Secret second(std::move(first));
  CHECK(first.empty());  // NOLINT: the state after the move is the subject
  CHECK(second.expose_secret() == "pass");
}
