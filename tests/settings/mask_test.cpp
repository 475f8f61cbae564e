// SPDX-License-Identifier: PostgreSQL
#include "settings/mask.h"

#include <doctest/doctest.h>

#include <random>

#include "settings/configuration_file.h"
#include "settings/conninfo.h"
#include "settings/random_text.h"

using settings::mask_configuration;
using settings::mask_conninfo;
using settings::mask_setting;
using settings::mask_words;

TEST_CASE("only the secrets of a connection string are masked") {
  CHECK(mask_conninfo("host=a password='x y' sslkey=/k sslpassword = z user=u") ==
        "host=a password=******** sslkey=/k sslpassword = ******** user=u");
  CHECK(mask_conninfo("postgresql://u:pw@h:5432/db?password=x&sslmode=require&sslpassword=y") ==
        "postgresql://u:********@h:5432/db?password=********&sslmode=require&sslpassword=********");
  CHECK(mask_conninfo("postgresql://u@h:5432/db?application_name=a@b") ==
        "postgresql://u@h:5432/db?application_name=a@b");
  CHECK(mask_conninfo("host=a user=b passfile=/p") == "host=a user=b passfile=/p");
}

TEST_CASE("a connection string that libpq would refuse is masked as a whole") {
  CHECK(mask_conninfo("host=a password='x") == "********");
}

TEST_CASE("a password with a slash, which libpq takes for something else, is masked too") {
  CHECK(mask_conninfo("postgresql://u:p/w@h/db") == "postgresql://u:********@h/db");
}

TEST_CASE("commands lose what looks like a secret") {
  CHECK(mask_words("PGPASSWORD=abc rsync %p b:/x") == "PGPASSWORD=******** rsync %p b:/x");
  CHECK(mask_words("wal-g --password 'a b' push") == "wal-g --password ******** push");
  CHECK(mask_words("curl -u joe:pw https://h/%f") == "curl -u joe:******** https://h/%f");
  CHECK(mask_words("curl https://joe:pw@h/%f") == "curl https://joe:********@h/%f");
  CHECK(mask_words("sshpass -p pw scp %p h:") == "sshpass -p ******** scp %p h:");
  CHECK(mask_words("curl -H 'Authorization: Bearer abc' x").find("abc") == std::string::npos);
  CHECK(mask_words("AWS_SECRET_ACCESS_KEY=a/b+c aws s3") ==
        "AWS_SECRET_ACCESS_KEY=******** aws s3");
  CHECK(mask_words("psql --no-password -h x") == "psql --no-password -h x");
  CHECK(mask_words("cp %p /archive/%f") == "cp %p /archive/%f");
}

TEST_CASE("a setting is masked by what it is") {
  CHECK(mask_setting("Primary_Conninfo", "password=x") == "password=********");
  CHECK(mask_setting("ssl_passphrase_command", "echo hunter2") == "********");
  CHECK(mask_setting("myapp.api_token", "x") == "********");
  CHECK(mask_setting("password_encryption", "scram-sha-256") == "scram-sha-256");
  CHECK(mask_setting("primary_conninfo", "") == "");
}

TEST_CASE("a configuration file keeps everything but its secrets") {
  CHECK(mask_configuration("ssl = on # x\nprimary_conninfo = 'host=a password=it''s' # p\n"
                           "#primary_conninfo = 'password=x'\nprimary_conninfo = 'password=x\n") ==
        "ssl = on # x\nprimary_conninfo = 'host=a password=********' # p\n"
        "#primary_conninfo = 'password=********'\nprimary_conninfo ********\n");
}

TEST_CASE("for any text, a configuration without secret words is unchanged") {
  std::mt19937 random(8);
  for (int i = 0; i < 4000; ++i) {
    const std::string text = tests::random_text(random, tests::configuration_words());
    REQUIRE(mask_configuration(text) == text);
  }
}

TEST_CASE(
    "a secret planted in a connection string never survives, in a file, a comment or broken") {
  const std::string secret = "S3CRETBYTES";
  const std::vector<std::string> before = {"host=a ",        "user = 'b c' ", "",
                                           "sslpassword=x ", "port=1 ",       "'"};
  const std::vector<std::string> around = {"", "'", "\\'", " ", "\\ ", "x", "@", "#", "="};
  std::mt19937 random(9);
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  for (int i = 0; i < 8000; ++i) {
    const std::string value = pick({"p", "it's", "a\\b", "x y", ""}) + secret;
    std::string text = tests::random_text(random, before, 3) +
                       pick({"password=", "password = ", "sslpassword="}) +
                       settings::conninfo_quoted(value);
    if (random() % 2 == 0) text += " " + pick(around);
    if (random() % 4 == 0)
      text = "postgresql://u:" + pick({"p", "p/", "p%40", "p:"}) + secret + "@h/db";
    INFO(text);
    REQUIRE(mask_conninfo(text).find(secret) == std::string::npos);
    const std::string line = pick({"primary_conninfo = ", "#primary_conninfo ",
                                   "  # primary_conninfo=", "port = 1 # primary_conninfo = "}) +
                             pick({settings::quoted(text), "'" + text, text}) +
                             pick({"", "\n", " # c\n"});
    INFO(line);
    REQUIRE(mask_configuration(line).find(secret) == std::string::npos);
  }
}

TEST_CASE("a line of comments behind comments costs no stack") {
  std::string text;
  for (int i = 0; i < 50000; ++i) text += "#a=1";
  CHECK(mask_configuration(text) == text);
}
