// SPDX-License-Identifier: PostgreSQL
// Generated pg_ident.conf files against the view of the installed server: pg_ident_file_mappings of
// 15 and later. A disagreement prints file and seed; PGSEAL_HBA_FILES=N tries N files,
// PGSEAL_HBA_SEED=N begins elsewhere.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <random>

#include "base/text.h"
#include "hba/ident_file.h"
#include "server/scratch.h"
#include "server/sql.h"

namespace {

const std::vector<std::string> words = {
    "m",    "web", "\"web shop\"", "\"all\"", "all",     "+devs",        "/^(.*)@shop$",
    "\\1",  "/(",  "a,b",          "@maps",   "@gone",   "\"/^[ab]+$\"", "\"say \"\"so\"\"\"",
    "\"\"", "/",   "/a{2}",        "# rest",  "include", "\"open",       "x\\"};

std::string random_file(std::uint64_t seed) {
  std::mt19937_64 dice(seed);
  std::string text;
  for (std::uint64_t lines = 1 + dice() % 5; lines > 0; --lines) {
    for (std::uint64_t left = 2 + dice() % 3; left > 0; --left)
      text += words[dice() % words.size()] + (dice() % 8 == 0 ? ", " : " ");
    text += '\n';
  }
  return text;
}

const char* const null_text = "<null>";

std::vector<std::string> ours(const hba::IdentFile& file) {
  std::vector<std::string> rows;
  for (const hba::IdentRow& row : file.rows)
    rows.push_back(
        row.mapping
            ? fmt::format("{}|{}|{}|{}|{}", row.line, row.mapping->map,
                          row.mapping->system_user.text, row.mapping->role.text, null_text)
            : fmt::format("{}|{}|{}|{}|{}", row.line, null_text, null_text, null_text, row.error));
  return rows;
}

std::vector<std::string> theirs(server::Session& session) {
  const auto answer = session.ask(
      "SELECT line_number, map_name, sys_name, pg_username, error FROM pg_ident_file_mappings");
  if (!answer) FAIL(answer.error().message << ": " << answer.error().detail);
  std::vector<std::string> rows;
  for (const server::Row& row : *answer) {
    std::vector<std::string> columns;
    for (std::size_t i = 0; i < 5; ++i) columns.push_back(row[i].value_or(null_text));
    rows.push_back(fmt::format("{}", fmt::join(columns, "|")));
  }
  return rows;
}

}  // namespace

TEST_CASE("generated maps are shown as the installed server shows them") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  server->put("pg_hba.conf", "local all all trust\n");
  server->restart("");
  auto session =
      server::Session::open({server->sockets, server->port, "postgres"}, std::chrono::seconds(5));
  REQUIRE(session);
  const auto version = hba::parse_version(
      fmt::format("{}.{}", session->version() / 10000, session->version() % 10000));
  REQUIRE(version);
  if (version->major < 15) return;  // there is no such view
  server->put("maps", "one two\n");
  const std::uint64_t first = scratch::setting("PGSEAL_HBA_SEED", 1);
  const std::uint64_t files =
      scratch::setting("PGSEAL_HBA_FILES", ::getenv("PGSEAL_FULL") != nullptr ? 10000 : 500);
  std::uint64_t good = 0;
  int wrong = 0;
  for (std::uint64_t seed = first; seed < first + files && wrong < 10; ++seed) {
    const std::string text = random_file(seed);
    server->put("pg_ident.conf", text);
    const hba::IdentFile file =
        hba::read_idents(server->data + "/pg_ident.conf", text, *version, hba::Files());
    const auto mine = ours(file);
    const auto real = theirs(*session);
    if (file.accepted == std::optional(true)) ++good;
    if (mine == real) continue;
    ++wrong;
    std::fputs(fmt::format("PGSEAL_HBA_SEED={} PGSEAL_HBA_FILES=1\n{}\n-- ours\n{}\n-- the "
                           "server's\n{}\n",
                           seed, base::printable(text),
                           base::printable(fmt::format("{}", fmt::join(mine, "\n"))),
                           base::printable(fmt::format("{}", fmt::join(real, "\n"))))
                   .c_str(),
               stdout);
  }
  std::fputs(
      fmt::format("{} files of maps, {} of them good, {} disagreements\n", files, good, wrong)
          .c_str(),
      stdout);
  CHECK(wrong == 0);
  CHECK(good * 100 > files);
}
