// SPDX-License-Identifier: PostgreSQL
#include "ledger/database.h"

#include <errno.h>
#include <fmt/format.h>
#include <sqlite3.h>

#include <utility>

#include "base/text.h"

namespace ledger {
namespace {

using base::Code;

// A checkpoint of another connection holds the file for moments only; five seconds are no deadlock.
constexpr int busy_milliseconds = 5000;

Code code_of(int status, int errno_value) {
  switch (status & 0xff) {
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      return Code::ledger_corrupt;
    case SQLITE_READONLY:
      return Code::ledger_read_only;
    case SQLITE_FULL:
      return Code::ledger_full;
    case SQLITE_IOERR:  // of the shared memory's file, say
      return errno_value == ENOSPC || errno_value == EDQUOT ? Code::ledger_full : Code::ledger_open;
    default:
      return Code::ledger_open;
  }
}

const char* message_of(Code code) {
  switch (code) {
    case Code::ledger_corrupt:
      return "the ledger is damaged";
    case Code::ledger_read_only:
    case Code::ledger_full:
      return "could not write the ledger";
    default:
      return "could not use the ledger";
  }
}

base::Error make_failure(int status, int errno_value, const char* words) {
  const Code code = code_of(status, errno_value);
  return base::error(code, message_of(code))
      .with_detail(fmt::format("SQLite says: {} ({}).", words, status));
}

// RFC 3986 2.1, as sqlite3_open_v2's file: names want it.
std::string file_uri(const std::string& path, const char* query) {
  std::string uri = "file:";
  for (const char c : path) {
    if (c == '%' || c == '?' || c == '#')
      uri += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    else
      uri += c;
  }
  return uri + "?" + query;
}

int bind(sqlite3_stmt* statement, int index, const Bind& value) {
  if (const auto* number = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, index, *number);
  if (const auto* text = std::get_if<std::string_view>(&value))
    return sqlite3_bind_text64(statement, index, text->empty() ? "" : text->data(), text->size(),
                               SQLITE_TRANSIENT, SQLITE_UTF8);
  return sqlite3_bind_null(statement, index);
}

}  // namespace

bool Row::null(int column) const { return sqlite3_column_type(statement_, column) == SQLITE_NULL; }
std::int64_t Row::integer(int column) const { return sqlite3_column_int64(statement_, column); }
std::string_view Row::view(int column) const {
  // By SQLite's manual the pointer first, then the number of bytes.
  const auto* bytes = reinterpret_cast<const char*>(sqlite3_column_text(statement_, column));
  const auto count = static_cast<std::size_t>(sqlite3_column_bytes(statement_, column));
  return bytes == nullptr ? std::string_view() : std::string_view(bytes, count);
}

void Database::Close::operator()(sqlite3* database) const { sqlite3_close_v2(database); }
void Database::Finalize::operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }

base::Error Database::failure(int status) const {
  return make_failure(status, sqlite3_system_errno(database_.get()),
                      sqlite3_errmsg(database_.get()));
}

base::Result<Database> Database::open(const std::string& path, OpenMode mode) {
  // NOMUTEX: the ledger has a mutex of its own around everything.
  const int flags = SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                    (mode == OpenMode::write ? SQLITE_OPEN_READWRITE : SQLITE_OPEN_READONLY);
  const std::string uri = file_uri(path, mode == OpenMode::immutable ? "immutable=1" : "");
  sqlite3* raw = nullptr;
  const int status = sqlite3_open_v2(uri.c_str(), &raw, flags, nullptr);
  Database database(raw);
  if (status != SQLITE_OK)
    return make_failure(status, raw == nullptr ? 0 : sqlite3_system_errno(raw),
                        raw == nullptr ? "out of memory" : sqlite3_errmsg(raw));
  sqlite3_busy_timeout(raw, busy_milliseconds);
  // A file from elsewhere must not bring code along (SQLite's manual, "Defense Against The Dark
  // Arts"); cell_size_check finds damage before it is followed.
  TRY(database.script(
      "PRAGMA trusted_schema=OFF; PRAGMA cell_size_check=ON; PRAGMA foreign_keys=ON;"
      "PRAGMA synchronous=FULL;"));
  return database;
}

base::Result<void> Database::script(const std::string& sql) {
  const int status = sqlite3_exec(database_.get(), sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return failure(status);
  return {};
}

base::Result<sqlite3_stmt*> Database::prepared(const char* sql,
                                               std::initializer_list<Bind> values) {
  auto& kept = statements_[sql];
  if (!kept) {
    sqlite3_stmt* raw = nullptr;
    const int status =
        sqlite3_prepare_v3(database_.get(), sql, -1, SQLITE_PREPARE_PERSISTENT, &raw, nullptr);
    kept.reset(raw);
    if (status != SQLITE_OK) return failure(status);
  }
  int index = 0;
  for (const Bind& value : values)
    if (const int status = bind(kept.get(), ++index, value); status != SQLITE_OK)
      return failure(status);
  return kept.get();
}

base::Result<void> Database::query(const char* sql, std::initializer_list<Bind> values,
                                   const std::function<void(const Row&)>& on_row) {
  sqlite3_stmt* const statement = TRY(prepared(sql, values));
  const auto reset = [&] {
    sqlite3_reset(statement);
    sqlite3_clear_bindings(statement);
  };
  for (;;) {
    const int status = sqlite3_step(statement);
    if (status == SQLITE_ROW) {
      on_row(Row(statement));
      continue;
    }
    // The message is of the step; reset would tell it again.
    auto error = status == SQLITE_DONE ? std::optional<base::Error>() : failure(status);
    reset();
    if (error) return std::move(*error);
    return {};
  }
}

base::Result<int> Database::execute(const char* sql, std::initializer_list<Bind> values) {
  TRY(query(sql, values, [](const Row&) {}));
  return sqlite3_changes(database_.get());
}

base::Result<void> Database::check_pages() {
  std::string (*const text)(const Row&) = [](const Row& each) { return each.text(0); };
  const auto word = TRY(row("PRAGMA quick_check(1)", {}, text));
  if (word == "ok") return {};
  return base::error(Code::ledger_corrupt, message_of(Code::ledger_corrupt))
      .with_detail(fmt::format("SQLite says: {}.", base::printable_line(word.value_or(""))));
}

bool Database::read_only() const { return sqlite3_db_readonly(database_.get(), "main") != 0; }

bool Database::rolled_back() const { return sqlite3_get_autocommit(database_.get()) != 0; }

}  // namespace ledger
