// SPDX-License-Identifier: PostgreSQL
#include "settings/edit.h"

#include <doctest/doctest.h>

#include <random>

#include "settings/random_text.h"

using settings::drop_in;
using settings::parse;
using settings::standing;
using settings::with_include;
using settings::without_include;

namespace {
const std::string path = "/etc/pgseal/server/db1/ssl.conf";
std::string with(const std::string& text) { return with_include(text, path).value(); }
}  // namespace

TEST_CASE("the block stands at the end, in two lines") {
  CHECK(with("ssl = off\n") ==
        "ssl = off\n"
        "# pgseal: TLS settings, kept by pgseal; remove with \"pgseal leave\"\n"
        "include_if_exists '/etc/pgseal/server/db1/ssl.conf'\n");
}

TEST_CASE(
    "for any text, adding the block and removing it gives the text, and adding twice is once") {
  std::mt19937 random(3);
  for (int i = 0; i < 4000; ++i) {
    const std::string text = tests::random_text(random, tests::configuration_words());
    const std::string edited = with(text);
    REQUIRE(without_include(edited) == text);
    REQUIRE(with(edited) == edited);
    REQUIRE(edited.starts_with(text));
    const auto now = standing(parse(edited), path);
    REQUIRE(now.as_wanted());
    REQUIRE(now.later_includes.empty());
  }
}

TEST_CASE("what was written below the block survives its removal with its own line") {
  const std::string edited = with("port = 1") + "work_mem = 1MB\n";
  CHECK(with(edited) == edited);
  CHECK(without_include(edited) == "port = 1\nwork_mem = 1MB\n");
}

TEST_CASE("a setting of ours below the block makes the block move to the end") {
  const std::string below = with("port = 1\n") + "ssl_cert_file = 'old.crt'\n";
  const auto before = standing(parse(below), path);
  CHECK_FALSE(before.as_wanted());
  REQUIRE(before.overriding.size() == 1);
  CHECK(before.overriding[0].line == 4);
  const std::string moved = with(below);
  CHECK(moved == with("port = 1\nssl_cert_file = 'old.crt'\n"));
}

TEST_CASE("an include below the block is reported and is no reason to move") {
  const std::string below = with("") + "include_dir 'conf.d'\n";
  CHECK(with(below) == below);
  const auto now = standing(parse(below), path);
  REQUIRE(now.later_includes.size() == 1);
  CHECK(findings_of(now, "postgresql.conf").at(0).code == "settings.later-include");
}

TEST_CASE("earlier TLS settings are named as superseded") {
  const auto now = standing(parse(with("ssl = off\nport = 1\nSSL_KEY_FILE = 'k'\n")), path);
  REQUIRE(now.superseded.size() == 2);
  CHECK(now.superseded[1].name == "ssl_key_file");
  CHECK(findings_of(now, "f").size() == 2);
}

TEST_CASE("a block that names another host's file is replaced") {
  const std::string other = with_include("port = 1\n", "/etc/pgseal/server/db2/ssl.conf").value();
  CHECK(with(other) == with("port = 1\n"));
}

TEST_CASE("an include line that a person wrote is enough and stays when we leave") {
  const std::string text = "include '/etc/pgseal/server/db1/ssl.conf'\n";
  CHECK(with(text) == text);
  CHECK(without_include(text) == text);
}

TEST_CASE("a relative path is refused") { CHECK_FALSE(with_include("", "ssl.conf")); }

TEST_CASE("the drop-in is a file that the server reads late") {
  const auto file = drop_in(path).value();
  CHECK(file.file_name == "zz_pgseal.conf");
  CHECK(parse(file.text).includes.at(0).path == path);
  CHECK(settings::read_after_drop_in(
            {"00.conf", "zz.conf", "zzz.conf", "zzz.bak", ".zzz.conf", "~a.conf"}) ==
        std::vector<std::string>{"zzz.conf", "~a.conf"});
}
