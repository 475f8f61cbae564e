// SPDX-License-Identifier: PostgreSQL
#include "hba/cases.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <charconv>
#include <fstream>

namespace hba_tests {
namespace {

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

void take_part(const std::string& part, Case& made) {
  if (part.starts_with("IDENT||")) {
    made.idents = unescaped(expanded(part.substr(part.starts_with("IDENT|| ") ? 8 : 7)));
  } else if (part.starts_with("FILE ")) {
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

}  // namespace

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

std::vector<Case> read_cases(const std::string& path) {
  std::ifstream file(path);
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
    made.expected = split_by(columns[3].substr(0, columns[3].find(" # ")), "; ");
    for (std::string& each : made.expected)
      while (each.ends_with(' ')) each.pop_back();
    all.push_back(std::move(made));
  }
  return all;
}

}  // namespace hba_tests
