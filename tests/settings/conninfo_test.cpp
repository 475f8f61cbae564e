// SPDX-License-Identifier: PostgreSQL
// The oracle is libpq's own parser, PQconninfoParse.
#include "settings/conninfo.h"

#include <doctest/doctest.h>
#include <libpq-fe.h>

#include <map>
#include <optional>
#include <random>

#include "settings/random_text.h"

using settings::parse_conninfo;
using settings::with_keyword;

namespace {

using Values = std::map<std::string, std::string>;

std::optional<Values> by_libpq(const std::string& text, std::string* why = nullptr) {
  char* message = nullptr;
  PQconninfoOption* options = PQconninfoParse(text.c_str(), &message);
  if (message != nullptr && why != nullptr) *why = message;
  PQfreemem(message);
  if (options == nullptr) return std::nullopt;
  Values values;
  for (const PQconninfoOption* option = options; option->keyword != nullptr; ++option) {
    if (option->val != nullptr && *option->val != '\0') values[option->keyword] = option->val;
  }
  PQconninfoFree(options);
  return values;
}

std::optional<Values> by_us(const std::string& text) {
  const auto conninfo = parse_conninfo(text);
  if (!conninfo) return std::nullopt;
  Values values;
  for (const auto& item : conninfo->items) values[item.keyword] = item.value;
  std::erase_if(values, [](const auto& pair) { return pair.second.empty(); });
  return values;
}

/// Compares where libpq does not refuse a word for what it means (an unknown keyword).
void compare(const std::string& text) {
  std::string why;
  const auto theirs = by_libpq(text, &why);
  if (!theirs && why.find("invalid connection option") != std::string::npos) return;
  if (!theirs && why.find("invalid URI query parameter") != std::string::npos) return;
  INFO(text, " ", why);
  const auto ours = by_us(text);
  REQUIRE(ours.has_value() == theirs.has_value());
  if (theirs) REQUIRE(*ours == *theirs);
}

}  // namespace

TEST_CASE("any keyword/value string is read as libpq reads it") {
  const std::vector<std::string> words = {"host", "password", "=",       "=",  "=",     " ",
                                          "\t",   "\n",       "'",       "'",  "\\",    "a",
                                          "b",    "user = ",  "port=1 ", "''", "'x y' "};
  std::mt19937 random(5);
  for (int i = 0; i < 20000; ++i) compare(tests::random_text(random, words, 12));
}

TEST_CASE("any URI is read as libpq reads it") {
  const std::vector<std::string> words = {"u",
                                          ":",
                                          "p",
                                          "@",
                                          "h",
                                          "/",
                                          "?",
                                          "&",
                                          ",",
                                          "[",
                                          "]",
                                          "1",
                                          "=",
                                          "%41",
                                          "%",
                                          "%00",
                                          "user=a",
                                          "application_name=",
                                          "sslmode=require",
                                          "::1",
                                          "password=x"};
  std::mt19937 random(6);
  for (int i = 0; i < 20000; ++i) {
    compare((i % 2 == 0 ? "postgresql://" : "postgres://") + tests::random_text(random, words, 12));
  }
}

TEST_CASE("rewriting one keyword changes its value for libpq and nothing else") {
  const std::string text = "host=a  port = 5432 password='x\\'y'";
  const auto changed = with_keyword(*parse_conninfo(text), "port", "1 ' \\").value();
  CHECK(changed == "host=a  port = '1 \\' \\\\' password='x\\'y'");
  CHECK(by_libpq(changed)->at("port") == "1 ' \\");
  CHECK(with_keyword(*parse_conninfo(text), "host", "a").value() == text);
}

TEST_CASE("a keyword that is not there is appended, to a URI as a parameter") {
  CHECK(with_keyword(*parse_conninfo("host=a"), "sslmode", "verify-full").value() ==
        "host=a sslmode=verify-full");
  CHECK(with_keyword(*parse_conninfo(""), "user", "").value() == "user=''");
  const std::string uri = "postgresql://u:p?x@h/db";
  const auto once = with_keyword(*parse_conninfo(uri), "sslrootcert", "/a b&c").value();
  CHECK(once == "postgresql://u:p?x@h/db?sslrootcert=/a%20b%26c");
  CHECK(by_libpq(once)->at("sslrootcert") == "/a b&c");
  const auto twice = with_keyword(*parse_conninfo(once), "sslmode", "require").value();
  CHECK(by_libpq(twice)->at("sslmode") == "require");
  CHECK(by_libpq(twice)->at("password") == "p?x");
}

TEST_CASE("rewriting never yields what libpq reads otherwise") {
  const std::vector<std::string> words = {"host=a ",      "user = 'b c' ", "port=1", " ",
                                          "\t",           "dbname='\\'' ", "host=",  "user='x'",
                                          "options=b\\ ", "options=b\\"};
  const std::vector<std::string> values = {"x", " ", "'", "\\", "=", "\n", "%", "&"};
  std::mt19937 random(7);
  for (int i = 0; i < 4000; ++i) {
    const std::string text = tests::random_text(random, words, 4);
    const std::string value = tests::random_text(random, values, 5);
    const auto conninfo = parse_conninfo(text);
    if (!conninfo) continue;
    auto expected = by_libpq(text);
    if (!expected) continue;
    (*expected)["user"] = value;
    if (value.empty()) expected->erase("user");
    const auto changed = with_keyword(*conninfo, "user", value).value();
    INFO(text, " -> ", changed);
    REQUIRE(by_libpq(changed) == expected);
  }
}

TEST_CASE("a pair added or changed is not swallowed by its neighbour") {
  const auto with_user = [](const char* text) {
    return with_keyword(*parse_conninfo(text), "user", "u").value();
  };
  CHECK(with_user("host=") == "host='' user=u");
  CHECK(with_user("host= ") == "host= '' user=u");
  CHECK(with_user("dbname=b\\ ") == "dbname=b\\  user=u");
  CHECK(with_user("dbname=b\\") == "dbname='b' user=u");
  CHECK(with_user("dbname=b\\\\") == "dbname=b\\\\ user=u");
  CHECK(with_user("user='x'host=a") == "user='u'host=a");
  CHECK(with_user("postgresql://h/?dbname=a?") == "postgresql://h/?dbname=a?&user=u");
  CHECK(with_user("postgresql://h/?") == "postgresql://h/?user=u");
}

TEST_CASE("an error never repeats what may be a password") {
  CHECK(parse_conninfo("password='s3cret").error().message.find("s3cret") == std::string::npos);
  CHECK(parse_conninfo("s3cret").error().message.find("s3cret") == std::string::npos);
}

TEST_CASE("a URI whose parameters would turn into credentials is left alone") {
  const auto conninfo = parse_conninfo("postgres://db1?host=/run&application_name=a@b");
  REQUIRE(conninfo);
  CHECK(conninfo->find("host")->value == "/run");
  const auto set = with_keyword(*conninfo, "host", "db2");
  REQUIRE_FALSE(set);
  CHECK(set.error().message.find("%40") != std::string::npos);
  CHECK(with_keyword(*conninfo, "sslmode", "require").value() ==
        "postgres://db1?host=/run&application_name=a@b&sslmode=require");
}

TEST_CASE("what stands before the question mark of a URI is not rewritten") {
  CHECK_FALSE(with_keyword(*parse_conninfo("postgresql://u@h/db"), "user", "v"));
}
