// SPDX-License-Identifier: PostgreSQL
// What real servers did with some hundred files (cases/hba-cases.tsv; its columns stand in its
// first line): whether each loads and what the view shows, in every version that a case names.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <charconv>
#include <cstdio>
#include <fstream>

#include "base/text.h"
#include "hba/rule_file.h"
#include "hba/texts.h"

namespace {

using hba_tests::Texts;

const std::string main_file = "/data/pg_hba.conf";

std::vector<std::string> split_by(const std::string& text, const std::string& separator) {
  std::vector<std::string> parts;
  std::size_t at = 0;
  for (;;) {
    const std::size_t next = text.find(separator, at);
    parts.push_back(text.substr(at, next - at));
    if (next == std::string::npos) return parts;
    at = next + separator.size();
  }
}

int number(const std::string& text, int base = 10) {
  int value = -1;
  std::from_chars(text.data(), text.data() + text.size(), value, base);
  return value;
}

std::string utf8(int code) {
  if (code < 0x80) return {static_cast<char>(code)};
  if (code < 0x800)
    return {static_cast<char>(0xC0 | (code >> 6)), static_cast<char>(0x80 | (code & 0x3F))};
  return {static_cast<char>(0xE0 | (code >> 12)), static_cast<char>(0x80 | ((code >> 6) & 0x3F)),
          static_cast<char>(0x80 | (code & 0x3F))};
}

/// \n, \t, \r, \\, \xNN, \uNNNN.
std::string unescaped(const std::string& text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\' || i + 1 == text.size()) {
      plain += text[i];
      continue;
    }
    switch (text[++i]) {
      case 'n':
        plain += '\n';
        break;
      case 't':
        plain += '\t';
        break;
      case 'r':
        plain += '\r';
        break;
      case 'x':
        plain += static_cast<char>(number(text.substr(i + 1, 2), 16));
        i += 2;
        break;
      case 'u':
        plain += utf8(number(text.substr(i + 1, 4), 16));
        i += 4;
        break;
      default:
        plain += text[i];
    }
  }
  return plain;
}

/// {{q*300}} and {{join(",",d%05d for 0..1999)}}.
std::string expanded(std::string text) {
  for (std::size_t at = text.find("{{"); at != std::string::npos; at = text.find("{{")) {
    const std::size_t end = text.find("}}", at);
    const std::string inner = text.substr(at + 2, end - at - 2);
    std::string value;
    if (inner.starts_with("join(")) {
      for (int i = 0; i < 2000; ++i) value += fmt::format("{}d{:05}", i == 0 ? "" : ",", i);
    } else {
      const std::size_t star = inner.find('*');
      for (int i = number(inner.substr(star + 1)); i > 0; --i) value += inner.substr(0, star);
    }
    text.replace(at, end + 2 - at, value);
  }
  return text;
}

struct Case {
  std::string id;
  int first = 0;
  int last = 0;
  std::string text;
  Texts beside;
  hba::ServerTraits traits;
  std::vector<std::string> expected;
};

void take_part(const std::string& part, Case& made) {
  if (part.starts_with("FILE ")) {
    const std::size_t end = part.find("||");
    std::string text = part.substr(end + 2);
    if (text.starts_with(" ")) text.erase(0, 1);
    const std::string path = hba::resolve_beside(main_file, part.substr(5, end - 5));
    made.beside.files[path] = unescaped(expanded(text));
    for (std::size_t slash = path.rfind('/'); slash > 5; slash = path.rfind('/', slash - 1)) {
      auto& folder = made.beside.folders[path.substr(0, slash)];
      if (slash == path.rfind('/')) folder.push_back(path);
    }
  } else if (part.starts_with("GUC ")) {
    if (part.find("ssl=off") != std::string::npos) made.traits.ssl = false;
    if (part.find("db_user_namespace=on") != std::string::npos)
      made.traits.db_user_namespace = true;
  }
}

std::vector<Case> cases() {
  std::ifstream file(PGSEAL_TEST_FOLDER "/cases/hba-cases.tsv");
  std::vector<Case> all;
  std::string line;
  std::getline(file, line);
  while (std::getline(file, line)) {
    const auto columns = split_by(line, "\t");
    REQUIRE(columns.size() == 5);
    Case made;
    made.id = columns[0];
    const auto majors = split_by(columns[1], "-");
    made.first = number(majors.front());
    made.last = number(majors.back());
    const auto parts = split_by(columns[2], " ||");
    made.text = unescaped(expanded(parts[0]));
    for (std::size_t i = 1; i < parts.size(); ++i) take_part(parts[i], made);
    made.expected = split_by(columns[3].substr(0, columns[3].find(" # ")), " ; ");
    all.push_back(std::move(made));
  }
  return all;
}

std::string braces(const std::vector<std::string>& items) {
  return items.empty() ? "-" : fmt::format("{{{}}}", fmt::join(items, ","));
}

/// As the cases write the view: "1 local {all} {all} - - trust - - | 2 ERR …".
std::string rows_of(const hba::RuleFile& file, const hba::Version& version) {
  std::vector<std::string> rows;
  for (const hba::RuleRow& row : file.rows) {
    if (!row.rule) {
      rows.push_back(row.error.empty() ? fmt::format("{} - - - - - - - -", row.line)
                                       : fmt::format("{} ERR {}", row.line, row.error));
      continue;
    }
    const hba::ShownRule shown = hba::shown(*row.rule, version);
    rows.push_back(fmt::format("{} {} {} {} {} {} {} {} {}", row.line, shown.type,
                               fmt::format("{{{}}}", fmt::join(shown.databases, ",")),
                               fmt::format("{{{}}}", fmt::join(shown.users, ",")),
                               shown.address.value_or("-"), shown.netmask.value_or("-"),
                               shown.method, braces(shown.options),
                               row.error.empty() ? "-" : row.error));
  }
  return fmt::format("rules=[{}]", fmt::join(rows, " | "));
}

}  // namespace

TEST_CASE("files load and show as real servers took them") {
  int loads = 0;
  int views = 0;
  int undecided = 0;
  for (const Case& each : cases()) {
    for (int major = each.first; major <= each.last; ++major) {
      const auto version = hba::parse_version(std::to_string(major));
      REQUIRE(version);
      const hba::RuleFile file =
          hba::read_rules(main_file, each.text, *version, each.traits, each.beside);
      for (const std::string& expected : each.expected) {
        CAPTURE(each.id);
        CAPTURE(major);
        if (expected == "load=ok" || expected == "load=rejected") {
          ++loads;
          if (!file.accepted) ++undecided;
          const std::string rows = rows_of(file, *version);
          CAPTURE(rows);
          if (file.accepted) CHECK(*file.accepted == (expected == "load=ok"));
        } else if (expected.starts_with("rules=")) {
          ++views;
          CHECK(rows_of(file, *version) == expected);
        }
      }
    }
  }
  std::printf("cases of real servers: %d loads (%d undecided), %d views\n", loads, undecided,
              views);
  CHECK(loads > 600);
  CHECK(views > 60);
}
