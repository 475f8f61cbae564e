// SPDX-License-Identifier: PostgreSQL
// What a pattern matches. That a server's own matcher says the same is in tests/server.
#include "hba/pattern.h"

#include <doctest/doctest.h>

namespace {

bool matches(std::string_view pattern, std::string_view name) {
  const auto compiled = hba::Pattern::compile(pattern);
  CAPTURE(pattern);
  REQUIRE(compiled);
  return compiled->matches(name);
}

}  // namespace

TEST_CASE("a pattern matches anywhere in a name unless it is anchored") {
  CHECK(matches("b", "abc"));
  CHECK(!matches("^b", "abc"));
  CHECK(matches("^a.c$", "abc"));
  CHECK(!matches("^a.c$", "abcd"));
  CHECK(matches("", "abc"));
  CHECK(matches("^$", ""));
  CHECK(!matches("^$", "a"));
}

TEST_CASE("quantifiers, groups and alternatives") {
  CHECK(matches("^a*$", ""));
  CHECK(!matches("^a+$", ""));
  CHECK(matches("^(ab)+$", "abab"));
  CHECK(!matches("^(ab)+$", "aba"));
  CHECK(matches("^a{2,3}$", "aaa"));
  CHECK(!matches("^a{2,3}$", "aaaa"));
  CHECK(matches("^a{2,}$", "aaaaa"));
  CHECK(!matches("^a{2}$", "aaa"));
  CHECK(matches("^(db1|db2|)$", "db2"));
  CHECK(matches("^(db1|db2|)$", ""));
  CHECK(matches("^(?:a|b)?c$", "c"));
  CHECK(matches("a{x", "a{x"));
  CHECK(matches("^(a*)*$", "aaa"));
}

TEST_CASE("bracket lists, escapes and letters of both cases") {
  CHECK(matches("^[a-c_]+$", "a_c"));
  CHECK(!matches("^[^a-c]$", "b"));
  CHECK(matches("^[]x]$", "]"));
  CHECK(matches("^[x-]$", "-"));
  CHECK(matches("^a\\.b$", "a.b"));
  CHECK(!matches("^a\\.b$", "axb"));
  CHECK(matches("(?i)^APP[0-9]$", "aPp7"));
  CHECK(!matches("(?i)^[^a]$", "A"));
  CHECK(!matches("^APP$", "app"));
}

TEST_CASE("every byte counts as a character") {
  CHECK(matches("^..$", "\xC3\xA4"));
  CHECK(!matches("^.$", "\xC3\xA4"));
}

TEST_CASE("what would grow beyond all measure is left to the server") {
  CHECK(hba::check_pattern("((a{20}){20}){20}").state == hba::PatternVerdict::State::undecided);
  CHECK(!hba::Pattern::compile("((a{20}){20}){20}"));
  CHECK(matches("(a?){20}(b?){20}$", std::string(2000, 'a')));
}

TEST_CASE("what stands in the first group, where only one text can") {
  const auto group = [](std::string_view pattern, std::string_view name) {
    return hba::first_group(pattern, name).value_or("none");
  };
  CHECK(group("^(.*)@shop$", "web@shop") == "web");
  CHECK(group("^(.*)@(.*)$", "web@shop") == "web");
  CHECK(group("^(.*)@(.*)$", "web@shop@b") == "none");
  CHECK(group("^([^@]*)@.*$", "web@shop@b") == "web");
  CHECK(group("^[](]*([])]+)$", "((])") == "none");
  CHECK(group("^\\((.)\\)$", "(x)") == "x");
  CHECK(group("^a(b|c)(d|e)$", "acd") == "c");
  CHECK(group("^(a(b)c)$", "abc") == "abc");
  CHECK(group("^(?:a)(b)$", "ab") == "none");
  CHECK(group("^(a)?b$", "ab") == "none");
  CHECK(group("^(a)|b$", "a") == "none");
  CHECK(group("^(a)\\$", "a$") == "none");
  CHECK(group("(?i)^(A)b$", "aB") == "a");
  CHECK(group("^(.*)$", std::string(300, 'a')) == "none");
}
