// SPDX-License-Identifier: PostgreSQL
// Making, opening and closing, and the transaction around every write.
#include "ledger/ledger.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <utility>

#include "base/text.h"
#include "ledger/schema.h"
#include "ledger/state.h"
#include "ledger/state_folder.h"
#include "x509/digest.h"

namespace ledger {
namespace {

using base::Code;
using base::Result;
using base::Time;

constexpr std::size_t id_bytes = 16;

std::int64_t first_integer(const Row& row) { return row.integer(0); }

Result<std::int64_t> pragma(Database& database, const char* sql) {
  return TRY(database.row(sql, {}, first_integer))
  .value_or(0);
}

// What the file is, before any of it is believed.
Result<void> check_kind(Database& database) {
  if (TRY(pragma(database, "PRAGMA application_id")) != application_id)
    return base::error(Code::ledger_corrupt, "the ledger is damaged")
        .with_detail("The file is not a ledger of pgseal, or it is empty.");
  const std::int64_t version = TRY(pragma(database, "PRAGMA user_version"));
  if (version > schema_version)
    return base::error(Code::ledger_newer, "the ledger was written by a newer pgseal")
        .with_detail(fmt::format("Its schema has version {}, this pgseal knows {}.", version,
                                 schema_version));
  if (version < schema_version)
    return base::error(Code::ledger_corrupt, "the ledger is damaged")
        .with_detail(fmt::format("Its schema has version {}, which never was.", version));
  return {};
}

// In a folder that cannot be written SQLite has no place for its shared memory. Where no log waits
// beside it, the file is whole by itself and can be read as one that nobody changes.
Result<Database> open_for_reading(const std::string& path) {
  auto database = Database::open(path, OpenMode::read);
  if (database) {
    auto probed = database->query("SELECT count(*) FROM sqlite_schema", {}, [](const Row&) {});
    if (probed) return database;
    database = std::move(probed).error();
  }
  const Code code = database.error().code;
  struct stat log {};
  const bool log_waits = ::stat((path + "-wal").c_str(), &log) == 0 && log.st_size > 0;
  if (code == Code::ledger_corrupt || log_waits) return database;
  return Database::open(path, OpenMode::immutable);
}

Result<Database> open_checked(const std::string& path, Access access) {
  Database database =
      TRY(access == Access::read ? open_for_reading(path) : Database::open(path, OpenMode::write));
  if (access == Access::write && database.read_only())
    return base::error(Code::ledger_read_only, "could not write the ledger")
        .with_detail(fmt::format("\"{}\" can only be read.", path));
  TRY(check_kind(database));
  // Who writes must not build on broken pages. Who reads is told of those that hold what he asks
  // for.
  if (access == Access::write) TRY(database.check_pages());
  return database;
}

Result<void> fill_new(const std::string& path, const std::string& environment, Time at) {
  Database database = TRY(Database::open(path, OpenMode::write));
  const std::string environment_id = base::hex(TRY(x509::random_bytes(id_bytes)));
  const std::string ledger_id = base::hex(TRY(x509::random_bytes(id_bytes)));
  TRY(database.script("BEGIN"));
  TRY(database.script(schema));
  TRY(database.execute(
      "INSERT INTO meta VALUES (1, ?, ?, ?, 0, ?, 0, ?)",
      {environment, environment_id, ledger_id, seconds_of(at), audit_anchor(ledger_id)}));
  TRY(database.script(fmt::format("PRAGMA application_id={}; PRAGMA user_version={}; COMMIT;",
                                  application_id, schema_version)));
  // Kept in the file: from here on every connection writes ahead.
  return database.script("PRAGMA journal_mode=WAL");
}

// Made under another name and renamed when it is whole: a crash leaves no half ledger.
Result<void> make_file(const std::string& folder, const std::string& environment, Time at) {
  const std::string path = ledger_path(folder);
  const std::string unfinished = path + ".new";
  for (const char* suffix : {"", "-journal", "-wal", "-shm"})
    ::unlink((unfinished + suffix).c_str());
  {
    const base::Fd file(
        ::open(unfinished.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    if (!file.open())
      return base::system_error(errno == ENOSPC ? Code::ledger_full : Code::ledger_open,
                                fmt::format("could not create \"{}\"", unfinished), errno);
  }
  TRY(fill_new(unfinished, environment, at));
  if (::rename(unfinished.c_str(), path.c_str()) != 0)
    return base::system_error(Code::ledger_open, fmt::format("could not rename to \"{}\"", path),
                              errno);
  return sync_folder(folder);
}

/// The one row of meta.
struct Identity {
  std::string environment;
  std::string environment_id;
  std::string ledger_id;
  std::int64_t generation = 0;
  Notes notes;
};

Identity read_meta(const Row& row) {
  return {row.text(0),
          row.text(1),
          row.text(2),
          row.integer(3),
          {row.time(4), row.integer(5), row.text(6)}};
}

Result<Identity> read_identity(Database& database, const std::string& environment) {
  auto found =
      TRY(database.row("SELECT environment, environment_id, ledger_id, generation, last_entry_at,"
                       " audit_seq, audit_hash FROM meta",
                       {}, read_meta));
  if (!found)
    return base::error(Code::ledger_corrupt, "the ledger is damaged")
        .with_detail("It does not say whose it is.");
  if (found->environment != environment)
    return base::error(Code::ledger_foreign, "the ledger belongs to another environment")
        .with_detail(fmt::format("It is of \"{}\", the configuration of \"{}\".",
                                 found->environment, environment));
  return std::move(*found);
}

}  // namespace

std::string to_string(const Holder& holder, Time since) {
  return fmt::format("pid {} on {} by {} since {}: {}", holder.pid, holder.host, holder.user,
                     base::format_time(since), holder.command);
}

Result<bool> exists(const std::string& folder) {
  const std::string path = ledger_path(folder);
  struct stat status {};
  if (::lstat(path.c_str(), &status) == 0) return true;
  if (errno == ENOENT || errno == ENOTDIR) return false;
  const int why = errno;
  return base::system_error(Code::ledger_open, fmt::format("could not look at \"{}\"", path), why);
}

Ledger::Ledger(std::unique_ptr<State> state) : state_(std::move(state)) {}
Ledger::Ledger(Ledger&&) noexcept = default;
Ledger& Ledger::operator=(Ledger&&) noexcept = default;
Ledger::~Ledger() = default;

Result<Ledger> Ledger::create(const std::string& folder, const std::string& environment,
                              const Holder& holder, Time at) {
  TRY(prepare_folder(folder));
  {
    const base::Fd lock = TRY(take_lock(folder, to_string(holder, at)));
    if (TRY(exists(folder)))
      return base::error(Code::ledger_open,
                         fmt::format("there is a ledger in \"{}\" already", folder));
    TRY(make_file(folder, environment, at));
  }
  return open(folder, environment, Access::write, holder, at);
}

Result<Ledger> Ledger::open(const std::string& folder, const std::string& environment,
                            Access access, const Holder& holder, Time at) {
  TRY(check_folder(folder));
  base::Fd lock;
  if (access == Access::write) lock = TRY(take_lock(folder, to_string(holder, at)));
  auto database = TRY(open_checked(ledger_path(folder), access));
  auto state = std::make_unique<State>(std::move(database), std::move(lock), access);
  Identity found = TRY(read_identity(state->database, environment));
  state->environment = std::move(found.environment);
  state->environment_id = std::move(found.environment_id);
  state->ledger_id = std::move(found.ledger_id);
  state->generation = found.generation;
  state->notes = state->durable = std::move(found.notes);
  state->last_durable_at = seconds_of(state->durable.last_entry_at);
  return Ledger(std::move(state));
}

const std::string& Ledger::environment() const { return state_->environment; }
const std::string& Ledger::environment_id() const { return state_->environment_id; }
const std::string& Ledger::ledger_id() const { return state_->ledger_id; }
Access Ledger::access() const { return state_->access; }
std::int64_t Ledger::generation() const { return state_->generation; }
bool Ledger::raised() const { return state_->raised; }

Result<void> Ledger::raise_generation(std::int64_t beyond) {
  const std::int64_t next = std::max(state_->generation, beyond) + 1;
  TRY(state_->transaction([&]() -> Result<void> {
    TRY(state_->database.execute("UPDATE meta SET generation = ?", {next}));
    return {};
  }));
  state_->generation = next;
  state_->raised = true;
  return {};
}

Result<Time> Ledger::last_entry_at() const {
  if (state_->writer.is_this_thread()) return state_->notes.last_entry_at;
  return time_of(state_->last_durable_at);
}

Result<void> check_date(Time newest, Time at) {
  if (newest <= at) return {};
  return base::error(Code::authority_clock,
                     "clock of this machine is before the ledger's last entry")
      .with_detail(fmt::format("It is {}, the entry is of {}.", base::format_time(at),
                               base::format_time(newest)));
}

Result<void> Ledger::transaction(const std::function<Result<void>()>& body) {
  return state_->transaction(body);
}

Result<void> Ledger::unvouched(Time at, const std::function<Result<void>()>& body) {
  return state_->transaction([&]() -> Result<void> {
    const Time newest = state_->notes.last_entry_at;
    TRY(check_date(newest, at));
    TRY(body());
    state_->notes.last_entry_at = newest;
    return {};
  });
}

// ---- State --------------------------------------------------------------------------------------

Result<void> Ledger::State::transaction(const std::function<Result<void>()>& body) {
  if (access == Access::read)
    return base::error(Code::ledger_read_only, "cannot write a ledger that was opened for reading");
  if (writer.is_this_thread()) return within(body);
  return writer.write(body);
}

// A savepoint: what fails inside leaves nothing of itself even where the rest goes on.
Result<void> Ledger::State::within(const std::function<Result<void>()>& body) {
  TRY(database.execute("SAVEPOINT inner"));
  const Notes before = notes;
  const auto give_up = [&] {
    notes = before;
    // Where SQLite has itself rolled back all of it (a full disk), there is nothing to take back.
    if (database.rolled_back()) return;
    auto undone = database.script("ROLLBACK TO inner; RELEASE inner");
    if (!undone) (void)database.script("ROLLBACK").operator bool();  // then commit() sees it
  };
  try {
    auto done = body();
    if (!done) {
      give_up();
      return done;
    }
  } catch (...) {
    give_up();
    throw;
  }
  TRY(database.execute("RELEASE inner"));
  return {};
}

void Ledger::State::commit(const Writer::Entries& entries) {
  const Guard guard(mutex);
  Result<void> group = database.script("BEGIN IMMEDIATE");
  for (const auto& entry : entries) {
    if (!group) break;
    try {
      entry->outcome = within(entry->body);
      if (!*entry->outcome && database.rolled_back()) group = entry->outcome->error();
    } catch (...) {
      entry->thrown = std::current_exception();
    }
  }
  if (group) group = write_notes();
  if (group) group = database.script("COMMIT");
  if (group) {
    durable = notes;
    last_durable_at = seconds_of(durable.last_entry_at);
  } else {
    notes = durable;
    if (!database.rolled_back()) (void)database.script("ROLLBACK").operator bool();
  }
  for (const auto& entry : entries)
    if (!entry->outcome || *entry->outcome) entry->outcome = group;
}

Result<void> Ledger::State::write_notes() {
  if (notes == durable) return {};
  TRY(database.execute("UPDATE meta SET last_entry_at = ?, audit_seq = ?, audit_hash = ?",
                       {seconds_of(notes.last_entry_at), notes.audit_seq, notes.audit_hash}));
  return {};
}

Result<void> Ledger::State::write(Time at, const std::function<Result<void>()>& body) {
  return transaction([&]() -> Result<void> {
    TRY(body());
    // The clock of an entry may be before the last one's; the note never goes back.
    notes.last_entry_at = std::max(notes.last_entry_at, at);
    return {};
  });
}

Result<int> Ledger::State::change(Time at, const char* sql, std::initializer_list<Bind> values) {
  int changed = 0;
  auto done = write(at, [&]() -> Result<void> {
    changed = TRY(database.execute(sql, values));
    return {};
  });
  if (!done) return std::move(done).error();
  return changed;
}

// ---- lists in one column ------------------------------------------------------------------------

std::string join_lines(const std::vector<std::string>& items) {
  std::string text;
  for (const std::string& item : items) {
    for (const char c : item) {
      if (c == '\\') {
        text += "\\\\";
      } else if (c == '\n') {
        text += "\\n";
      } else {
        text += c;
      }
    }
    text += '\n';
  }
  return text;
}

std::vector<std::string> split_lines(std::string_view text) {
  std::vector<std::string> items;
  std::string item;
  for (std::size_t index = 0; index < text.size(); ++index) {
    if (text[index] == '\n') {
      items.push_back(std::exchange(item, {}));
    } else if (text[index] == '\\' && index + 1 < text.size()) {
      ++index;
      item += text[index] == 'n' ? '\n' : text[index];
    } else {
      item += text[index];
    }
  }
  return items;
}

}  // namespace ledger
