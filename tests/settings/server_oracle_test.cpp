// SPDX-License-Identifier: PostgreSQL
// The oracle is a real PostgreSQL 15: what it reads from nasty files, and at which lines its log
// complains. The server listens on a socket in a temporary folder only.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <libpq-fe.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <random>
#include <set>
#include <sstream>
#include <thread>

#include "base/text.h"
#include "settings/configuration_file.h"
#include "settings/edit.h"
#include "settings/random_text.h"

namespace {

const std::string bin = "/usr/lib/postgresql/15/bin";

std::string slurp(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

/// A scratch server, gone with this object.
class Server {
 public:
  Server() {
    char name[] = "/tmp/pgseal-settings-XXXXXX";
    folder_ = mkdtemp(name);
    run(fmt::format("chown postgres {}", folder_));
    ok_ = as_postgres(fmt::format("{}/initdb --no-sync -A trust -D {}/d", bin, folder_)) &&
          as_postgres(fmt::format("{}/pg_ctl -w -t 30 -D {}/d -l {}/log -o \"-c listen_addresses= "
                                  "-c fsync=off -k {}\" start",
                                  bin, folder_, folder_, folder_));
    if (ok_)
      db_ = PQconnectdb(fmt::format("host={} user=postgres dbname=postgres", folder_).c_str());
    ok_ = ok_ && PQstatus(db_) == CONNECTION_OK;
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;
  ~Server() {
    PQfinish(db_);
    as_postgres(fmt::format("{}/pg_ctl -m immediate -D {}/d stop", bin, folder_));
    run(fmt::format("rm -rf {}", folder_));
  }

  [[nodiscard]] bool ok() const { return ok_; }
  [[nodiscard]] std::string conf() const { return folder_ + "/d/postgresql.conf"; }
  [[nodiscard]] std::string folder() const { return folder_; }
  void write(const std::string& text) const { std::ofstream(conf(), std::ios::binary) << text; }

  /// Rows of `sql`, fields joined by TAB.
  std::vector<std::string> ask(const std::string& sql) {
    PGresult* result = PQexec(db_, sql.c_str());
    REQUIRE_MESSAGE(PQresultStatus(result) == PGRES_TUPLES_OK, PQerrorMessage(db_));
    std::vector<std::string> rows;
    for (int i = 0; i < PQntuples(result); ++i) {
      std::string row;
      for (int j = 0; j < PQnfields(result); ++j) {
        row += (j == 0 ? "" : "\t") + std::string(PQgetvalue(result, i, j));
      }
      rows.push_back(row);
    }
    PQclear(result);
    return rows;
  }

  /// The lines that the postmaster calls syntax errors while it reloads.
  std::set<int> complaints() {
    const std::size_t before = slurp(folder_ + "/log").size();
    ask("SELECT pg_reload_conf()");
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(10);
    std::string log;
    // The last word of a reload that met errors.
    while (log.find("contains errors") == std::string::npos) {
      REQUIRE_MESSAGE(std::chrono::steady_clock::now() < deadline, "no reload within 10 seconds");
      std::this_thread::sleep_for(std::chrono::milliseconds(2));
      log = slurp(folder_ + "/log").substr(before);
    }
    std::set<int> lines;
    for (const auto line : base::split(log, '\n')) {
      const auto at = line.find("postgresql.conf\" line ");
      if (line.find("syntax error") == std::string_view::npos || at == std::string_view::npos)
        continue;
      lines.insert(std::atoi(std::string(line.substr(at + 22)).c_str()));
    }
    return lines;
  }

 private:
  static bool run(const std::string& command) {
    return std::system((command + " >/dev/null 2>&1").c_str()) == 0;
  }
  static bool as_postgres(const std::string& command) {
    return run("cd /tmp && setpriv --reuid=postgres --regid=postgres --clear-groups -- " + command);
  }

  std::string folder_;
  bool ok_ = false;
  PGconn* db_ = nullptr;
};

bool possible() {
  if (geteuid() == 0 && access((bin + "/postgres").c_str(), X_OK) == 0) return true;
  MESSAGE("skipped: needs root and PostgreSQL 15");
  return false;
}

std::vector<std::string> random_lines(std::mt19937& random) {
  const std::vector<std::string> values = {
      "on",   "a.b",  "'x'",   "'it''s'", "'a\\'b'", "'\\101\\n'", "12",   "-1",       "0x1F",
      "64MB", "1.5",  "1.5MB", "1e5",     "1.5e3",   ".5",         "-.",   "a/b:c-d",  "/x",
      "'",    "''",   "'''",   "''''",    "'a\\",    "'\\\\'",     "x#y",  "\xc3\xa9", "a.b.c",
      "5x5",  "+7kB", "0x",    "'\\0a'",  "'\\9'",   "1.e",        "'a''", "\v"};
  const std::vector<std::string> between = {" = ", "=", " ", "", "\t", " = = ", " \r "};
  const std::vector<std::string> names = {"a.b",   "App.Name", "x",   "1x",
                                          "a.b.c", "_u.v",     "a-b", "'q'"};
  const std::vector<std::string> after = {"", "", "", " # c", "#c", " x", " ''", "\r", "'y'"};
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  std::vector<std::string> lines;
  for (int i = 0; i < 80; ++i) {
    lines.push_back(pick(names) + pick(between) + pick(values) + pick(after));
  }
  return lines;
}

std::string joined(const std::vector<std::string>& lines) {
  std::string text;
  for (const auto& line : lines) text += line + "\n";
  return text;
}

}  // namespace

TEST_CASE(
    "a real server complains about the lines that we call bad, and reads the others as we do") {
  if (!possible()) return;
  Server server;
  REQUIRE(server.ok());
  const std::string original = slurp(server.conf());
  std::mt19937 random(10);
  for (int round = 0; round < 12; ++round) {
    // 80 lines, for after a hundred errors the server gives a file up; the last one is always bad.
    std::vector<std::string> lines = random_lines(random);
    lines.emplace_back("=");
    server.write(joined(lines));
    const auto file = settings::parse(joined(lines));
    std::set<int> bad;
    for (const auto& finding : file.findings) bad.insert(finding.line);
    const std::set<int> theirs_bad = server.complaints();
    for (int line = 1; line <= static_cast<int>(lines.size()); ++line) {
      INFO(base::printable_line(lines[static_cast<std::size_t>(line) - 1]));
      CHECK(theirs_bad.count(line) == bad.count(line));
    }

    for (const int line : bad) lines[static_cast<std::size_t>(line) - 1] = "";
    server.write(joined(lines));
    std::vector<std::string> ours;
    for (const auto& assignment : settings::parse(joined(lines)).assignments) {
      ours.push_back(
          fmt::format("{}\t{}\t{}", assignment.line, assignment.name, base::hex(assignment.value)));
    }
    // The value of a name without a dot that does not exist is not shown; its place is.
    const auto theirs = server.ask(
        "SELECT sourceline, lower(name), encode(convert_to(setting, getdatabaseencoding()), 'hex') "
        "FROM pg_file_settings WHERE sourcefile LIKE '%/postgresql.conf' ORDER BY seqno");
    REQUIRE(ours.size() == theirs.size());
    for (std::size_t i = 0; i < ours.size(); ++i) CHECK(ours[i] == theirs[i]);
  }
  server.write(original);
}

TEST_CASE("a real server takes ssl.conf's word over earlier ones and a later one over ours") {
  if (!possible()) return;
  Server server;
  REQUIRE(server.ok());
  const std::string original = slurp(server.conf());
  const std::string path = server.folder() + "/it's ssl.conf";
  std::ofstream(path) << "ssl_cert_file = '/ours'\n";
  const std::string sql =
      "SELECT setting FROM pg_file_settings WHERE name = 'ssl_cert_file' ORDER BY seqno DESC LIMIT "
      "1";
  const std::string text = original + "ssl_cert_file = '/earlier'";
  const std::string edited = settings::with_include(text, path).value();
  server.write(edited);
  CHECK(server.ask(sql) == std::vector<std::string>{"/ours"});
  server.write(edited + "ssl_cert_file = '/later'\n");
  CHECK(server.ask(sql) == std::vector<std::string>{"/later"});
  const auto file = settings::parse(edited + "ssl_cert_file = '/later'\n");
  CHECK_FALSE(settings::standing(file, path).as_wanted());
  unlink(path.c_str());
  server.write(edited);
  CHECK(server.ask(sql) == std::vector<std::string>{"/earlier"});
}
