// SPDX-License-Identifier: PostgreSQL
// Typed owners of SQLite's objects: a connection with its cached statements, values bound and rows
// read by position. Knows SQL and errors, nothing of what the ledger keeps.
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

#include "base/result.h"
#include "base/time.h"

struct sqlite3;
struct sqlite3_stmt;

namespace ledger {

/// What stands for a `?`. Texts must live until the call returns; they may hold any bytes.
using Bind = std::variant<std::monostate, std::int64_t, std::string_view>;

inline std::int64_t seconds_of(base::Time at) { return at.time_since_epoch().count(); }
inline base::Time time_of(std::int64_t seconds) {
  return base::Time(std::chrono::seconds(seconds));
}

/// The row that a query stands on; columns are counted from 0.
class Row {
 public:
  explicit Row(sqlite3_stmt* statement) : statement_(statement) {}
  [[nodiscard]] bool null(int column) const;
  [[nodiscard]] std::int64_t integer(int column) const;
  [[nodiscard]] std::string text(int column) const { return std::string(view(column)); }
  /// As long as the query stands on the row.
  [[nodiscard]] std::string_view view(int column) const;
  [[nodiscard]] base::Time time(int column) const { return time_of(integer(column)); }

 private:
  sqlite3_stmt* statement_;
};

enum class OpenMode {
  write,
  read,
  immutable,  ///< takes no locks and no shared memory: for a file that nobody can be writing
};

class Database {
 public:
  /// The file must exist. Errors as of every call here: Code::ledger_corrupt,
  /// Code::ledger_read_only, Code::ledger_full, else Code::ledger_open with SQLite's word as
  /// detail.
  static base::Result<Database> open(const std::string& path, OpenMode mode);

  /// Several statements of SQL without values.
  base::Result<void> script(const std::string& sql);
  /// One statement, kept prepared: `sql` must live as long as the database does. Gives the number
  /// of rows changed.
  base::Result<int> execute(const char* sql, std::initializer_list<Bind> values = {});
  base::Result<void> query(const char* sql, std::initializer_list<Bind> values,
                           const std::function<void(const Row&)>& on_row);

  template <class Value>
  base::Result<std::vector<Value>> rows(const char* sql, std::initializer_list<Bind> values,
                                        Value (*read)(const Row&)) {
    std::vector<Value> found;
    TRY(query(sql, values, [&](const Row& row) { found.push_back(read(row)); }));
    return found;
  }
  /// The first row only.
  template <class Value>
  base::Result<std::optional<Value>> row(const char* sql, std::initializer_list<Bind> values,
                                         Value (*read)(const Row&)) {
    std::optional<Value> found;
    TRY(query(sql, values, [&](const Row& each) {
      if (!found) found = read(each);
    }));
    return found;
  }

  /// Every page of the file, in time that grows with it: Code::ledger_corrupt where one is damaged.
  /// Source: sqlite.org/pragma.html#pragma_quick_check.
  base::Result<void> check_pages();

  /// True where the system lets us only read, whatever was asked for.
  [[nodiscard]] bool read_only() const;
  /// True outside a transaction: also where SQLite ended it by itself, as on a full disk.
  [[nodiscard]] bool rolled_back() const;

 private:
  struct Close {
    void operator()(sqlite3* database) const;
  };
  struct Finalize {
    void operator()(sqlite3_stmt* statement) const;
  };
  explicit Database(sqlite3* owned) : database_(owned) {}
  base::Result<sqlite3_stmt*> prepared(const char* sql, std::initializer_list<Bind> values);
  [[nodiscard]] base::Error failure(int status) const;

  std::unique_ptr<sqlite3, Close> database_;
  std::unordered_map<const char*, std::unique_ptr<sqlite3_stmt, Finalize>> statements_;
};

}  // namespace ledger
