// SPDX-License-Identifier: PostgreSQL
// What the tests of pgseal.toml share: small configurations and what is expected of reading them.
#pragma once

#include <doctest/doctest.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <filesystem>
#include <fstream>
#include <random>
#include "configuration/environment_toml.h"
#include "configuration/keys.h"
#include "configuration/template.h"

using base::Code;
using configuration::Loaded;
using configuration::parse_environment;

namespace {

// Six lines that are in order; what a test adds begins on line 7.
const std::string sound =
    "[environment]\n"
    "name = \"shop\"\n"
    "[[host]]\n"
    "name = \"db1\"\n"
    "link = \"local\"\n"
    "database = true\n";

const std::string deploy =
    "[[identity]]\nname = \"deploy\"\nhosts = [\"db1\"]\nos_users = [\"deploy\"]\n";

struct Expected {
  int line;
  int column;
  std::string message;  ///< what follows the place
  std::string hint = "";
};

// Exactly one problem, with its place, its words and (a part of) its hint.
void check_refused(const std::string& text, Code code, const Expected& expected) {
  CAPTURE(text);
  const Loaded loaded = parse_environment(text, "/x/pgseal.toml");
  REQUIRE(loaded.error);
  for (const base::Finding& finding : loaded.findings) INFO(finding.message);
  REQUIRE(loaded.findings.size() == 1);
  const base::Finding& finding = loaded.findings[0];
  const std::string place = "line " + std::to_string(expected.line) + ", column " +
                            std::to_string(expected.column) + ": ";
  CHECK(finding.message == place + expected.message);
  CHECK(finding.line == expected.line);
  CHECK(finding.file == "/x/pgseal.toml");
  CHECK(finding.code == base::error_row(code).name);
  if (expected.hint.empty())
    CHECK(finding.hint == "");
  else
    CHECK(finding.hint.find(expected.hint) != std::string::npos);
  CHECK(loaded.error->code == code);
  CHECK(loaded.error->message == "\"/x/pgseal.toml\", " + finding.message);
  CHECK(loaded.error->hint == finding.hint);
  CHECK(loaded.error->detail == "");
  CHECK(base::exit_status(code) == 10);
}

class Folder {
 public:
  Folder() {
    char name[] = "/tmp/pgseal-toml-XXXXXX";
    path_ = ::mkdtemp(name);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  [[nodiscard]] std::string path(const std::string& name) const { return path_ + "/" + name; }
  std::string write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(path(name)).parent_path());
    std::ofstream(path(name)) << text;
    return path(name);
  }

 private:
  std::string path_;
};

fleet::Environment parsed(const std::string& text) {
  CAPTURE(text);
  Loaded loaded = parse_environment(text, "/x/pgseal.toml");
  if (loaded.error) INFO(loaded.error->message);
  REQUIRE(!loaded.error);
  return std::move(loaded.environment);
}

}  // namespace
