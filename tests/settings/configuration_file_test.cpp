// SPDX-License-Identifier: PostgreSQL
#include "settings/configuration_file.h"

#include <doctest/doctest.h>

#include <random>

#include "settings/random_text.h"

using settings::IncludeKind;
using settings::LineKind;
using settings::parse;
using settings::quoted;

namespace {
std::string only_value(const std::string& line) {
  const auto file = parse(line);
  return file.assignments.size() == 1 ? file.assignments[0].value : "(refused)";
}
}  // namespace

TEST_CASE("a setting may be written with or without an equals sign, in any case, glued or spaced") {
  CHECK(only_value("ssl = on") == "on");
  CHECK(only_value("ssl on # comment") == "on");
  CHECK(only_value("ssl=on#comment") == "on");
  CHECK(only_value("port'5433'") == "5433");
  CHECK(parse("SSL_Cert_File = x").assignments[0].name == "ssl_cert_file");
  CHECK(parse("MyApp.Level = x").assignments[0].name == "myapp.level");
}

TEST_CASE("quotes and escapes are undone as the server does") {
  CHECK(only_value("a = 'it''s'") == "it's");
  CHECK(only_value(R"(a = 'it\'s')") == "it's");
  CHECK(only_value(R"(a = 'x\n\t\\y')") == "x\n\t\\y");
  CHECK(only_value(R"(a = '\101\60b')") == "A0b");
  CHECK(only_value("a = '# no comment'") == "# no comment");
  CHECK(only_value("a = ''") == "");
}

TEST_CASE("numbers keep their units") {
  CHECK(only_value("work_mem = 64MB") == "64MB");
  CHECK(only_value("x = -1") == "-1");
  CHECK(only_value("x = 0x1F") == "0x1F");
  CHECK(only_value("x = 1.5e3") == "1.5e3");
  CHECK(only_value("x = 1e5") == "(refused)");
  CHECK(only_value("x = 1.5GB") == "(refused)");
}

TEST_CASE("a word with one dot is a name and cannot be a bare value") {
  CHECK(only_value("x = a.b") == "(refused)");
  CHECK(only_value("x = a.b.c") == "a.b.c");
  CHECK(only_value("x = /a/b") == "(refused)");
  CHECK(only_value("x = a/b") == "a/b");
}

TEST_CASE("every bad line is a finding with its number, and the good ones still count") {
  const auto file =
      parse("ssl = on\n= x\nport = \n\nfoo\nname = 'open\nssl = off on\nport = 1\n", "f");
  REQUIRE(file.findings.size() == 5);
  CHECK(file.findings[0].line == 2);
  CHECK(file.findings[1].line == 3);
  CHECK(file.findings[1].message == "syntax error near end of line");
  CHECK(file.findings[2].line == 5);
  CHECK(file.findings[3].line == 6);
  CHECK(file.findings[4].message == "syntax error near token \"on\"");
  CHECK(file.findings[4].file == "f");
  CHECK(file.effective("port")->line == 8);
}

TEST_CASE("the last assignment wins") {
  const auto file = parse("ssl = off\nSSL = on\nport = 1\n");
  CHECK(file.effective("ssl")->value == "on");
  CHECK(file.effective("Ssl")->line == 2);
  CHECK(file.effective("ssl_ca_file") == nullptr);
}

TEST_CASE("includes are directives with a kind and not settings") {
  const auto file = parse("include 'a.conf'\nINCLUDE_IF_EXISTS = b\ninclude_dir 'conf.d' # x\n");
  REQUIRE(file.includes.size() == 3);
  CHECK(file.assignments.empty());
  CHECK(file.includes[0].kind == IncludeKind::file);
  CHECK(file.includes[1].kind == IncludeKind::if_exists);
  CHECK(file.includes[1].path == "b");
  CHECK(file.includes[2].kind == IncludeKind::directory);
  CHECK(file.includes[2].line == 3);
  CHECK(file.lines[2].kind == LineKind::include);
}

TEST_CASE("an assignment knows the bytes that it was read from") {
  const std::string text = "# c\n  ssl_ca_file\t= 'a''b' # c\n";
  const auto assignment = parse(text).assignments.at(0);
  CHECK(text.substr(assignment.text.begin, assignment.text.end - assignment.text.begin) ==
        "ssl_ca_file\t= 'a''b'");
  CHECK(text.substr(assignment.value_text.begin,
                    assignment.value_text.end - assignment.value_text.begin) == "'a''b'");
}

TEST_CASE("whatever was parsed is written again byte for byte, and each line has a kind") {
  std::mt19937 random(1);
  for (int i = 0; i < 4000; ++i) {
    const std::string text = tests::random_text(random, tests::configuration_words());
    const auto file = parse(text);
    REQUIRE(file.write() == text);
    std::size_t bad = 0;
    for (const auto& line : file.lines) bad += line.kind == LineKind::bad ? 1 : 0;
    REQUIRE(bad == file.findings.size());
  }
}

TEST_CASE("what is quoted is read back as the same value") {
  std::mt19937 random(2);
  for (int i = 0; i < 4000; ++i) {
    std::string value = tests::random_text(random, tests::configuration_words());
    std::erase(value, '\0');
    REQUIRE(only_value("x = " + quoted(value)) == value);
    REQUIRE(quoted(value).find('\n') == std::string::npos);
  }
}
