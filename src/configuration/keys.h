// SPDX-License-Identifier: PostgreSQL
// Every key of pgseal.toml, declared once: the reader takes from it what is known and of which
// type, the manual and the template what it means and what it is when it is not written.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace configuration {

enum class KeyKind : std::uint8_t { text, texts, integer, boolean, date, table, tables };

/// "a string", "an array of strings": as a message says it.
std::string_view to_string(KeyKind kind);

struct ConfigurationKey {
  std::string_view table;  ///< "" for the top, "policy", "host"
  std::string_view name;
  KeyKind kind;
  std::string_view standard;  ///< the default as TOML writes it; words in () where none is written
  std::string_view sentence;
};

/// All, in the order in which the manual shows them.
std::span<const ConfigurationKey> configuration_keys();

/// Null where `table` knows no such key.
const ConfigurationKey* find_key(std::string_view table, std::string_view name);

std::vector<std::string_view> key_names(std::string_view table);

/// "[policy]", "[[host]]", or "the top level".
std::string table_title(std::string_view table);

/// The table of keys as Markdown, for the manual.
std::string configuration_manual();

}  // namespace configuration
