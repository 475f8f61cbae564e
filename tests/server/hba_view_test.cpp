// SPDX-License-Identifier: PostgreSQL
// Generated rule files, read by src/hba and by the installed server's own pg_hba_file_rules: row
// for row, column for column, error for error. A disagreement prints its file and seed;
// PGSEAL_HBA_FILES=N tries N of them, PGSEAL_HBA_SEED=N begins elsewhere.
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <cstdio>
#include <cstdlib>
#include <random>

#include "base/text.h"
#include "hba/rule_file.h"
#include "server/scratch.h"
#include "server/sql.h"

namespace {

using Pool = std::vector<std::string>;

const Pool types = {"host",       "host",         "hostssl",  "local",       "hostnossl",
                    "hostgssenc", "hostnogssenc", "\"host\"", "HOST",        "host,host",
                    "hostx",      "\"\"",         "include",  "include_dir", "@types"};
const Pool names = {
    "all",     "\"all\"", "al\"l\"",     "sameuser",      "samerole",   "samegroup", "db1",
    "db1,db2", "\"a b\"", "a ,b",        "\"we\"\"ird\"", "+devs",      "\"+x\"",    "@names",
    "@empty",  "@nested", "@missing",    "@folder",       "@\"names\"", "/^x",       "\"/[\"",
    "a,,b",    "a,",      "replication", "\"\"all",       "@",          "\"\"",      "\"open",
    "\\"};
const Pool addresses = {"127.0.0.1/32",
                        "10.0.0.0/8",
                        "::1/128",
                        "fe80::/10",
                        "127.1/8",
                        "0x7f.1/8",
                        "0177.0.0.1/8",
                        "2130706433/32",
                        "10.0.0.300",
                        "10.0.0.300/8",
                        "samehost",
                        "samenet",
                        "all",
                        "\"all\"",
                        ".example.com",
                        "db.example.com",
                        "10.0.0.1/33",
                        "10.0.0.1/-1",
                        "10.0.0.1/",
                        "/8",
                        "10.0.0.1/+8",
                        "\"10.0.0.1/ 8\"",
                        "10.0.0.1/08",
                        "10.0.0.1/8x",
                        "::ffff:1.2.3.4/104",
                        "[::1]/128",
                        "\"\"",
                        "10.0.0.1/8,10.0.0.2/8",
                        "10.0.0.1 255.0.0.0",
                        "10.0.0.1 ffff::",
                        "10.0.0.1 255.0.255.0",
                        "::1 ffff:ffff::",
                        "10.0.0.1",
                        "10.0.0.1 md5",
                        "10.0.0.1 \"\"",
                        "*",
                        "127",
                        "1.2.3.4.5/8",
                        "fe80::1%1/64"};
const Pool methods = {"trust", "reject", "md5",       "scram-sha-256", "password", "cert", "peer",
                      "ident", "gss",    "sspi",      "pam",           "bsd",      "ldap", "radius",
                      "oauth", "TRUST",  "\"trust\"", "trust,md5",     "krb5"};
const Pool options = {
    "map=m",
    "clientcert=verify-full",
    "clientcert=verify-ca",
    "clientcert=1",
    "clientcert=0",
    "clientcert=no-verify",
    "clientname=DN",
    "clientname=CN",
    "clientname=x",
    "pamservice=p",
    "pam_use_hostname=1",
    "ldapserver=h",
    "\"ldapserver=a b\"",
    "ldapport=389",
    "ldapport=x",
    "ldapport=389x",
    "ldaptls=1",
    "ldapscheme=ldaps",
    "ldapprefix=\"cn=\"",
    "ldapsuffix=s",
    "ldapbasedn=\"dc=x,dc=y\"",
    "ldapbinddn=b",
    "ldapsearchattribute=uid",
    "ldapsearchfilter=(uid=$username)",
    "ldapurl=ldap://h/dc=x?uid?one",
    "ldapurl=ldaps://h:1636/dc=x,dc=y?uid,cn?sub",
    "ldapurl=\"ldap://h/dc=x\?\?\?(uid=$username)\"",
    "ldapurl=ldap://h",
    "krb_realm=R",
    "include_realm=0",
    "include_realm=1",
    "include_realm=yes",
    "compat_realm=1",
    "upn_username=1",
    "radiusservers=127.0.0.1",
    "radiusservers=\"127.0.0.1,::1\"",
    "radiusservers=\"\"",
    "radiusservers=\"127.0.0.1,\"",
    "radiusports=1812",
    "radiusports=\"1812,x\"",
    "radiusports=\"1,2,3\"",
    "radiussecrets=s",
    "radiussecrets=\"a b\"",
    "radiussecrets=\"\"\"a b\"\",c\"",
    "radiusidentifiers=\"i,j\"",
    "unknown=1",
    "novalue",
    "=x",
    "map=",
    "map=a=b",
    "\"map=a#b\"",
    "scope=x",
};
const std::string noise = "\", #\\\n\t\r @/+=a\"\n,";

class Writer {
 public:
  explicit Writer(std::uint64_t seed) : dice_(seed) {}

  std::string file() {
    std::string text;
    const std::size_t lines = 1 + below(6);
    for (std::size_t i = 0; i < lines; ++i) text += line();
    // Half of the files as somebody with ten thumbs would leave them.
    if (below(2) == 0)
      for (std::size_t slips = below(4); slips > 0 && !text.empty(); --slips) slip(text);
    return text;
  }

 private:
  std::size_t below(std::size_t end) { return dice_() % end; }
  const std::string& one_of(const Pool& pool) { return pool[below(pool.size())]; }
  /// Mostly the first, so that lines come through to their end.
  const std::string& likely(const Pool& pool, std::size_t in) {
    return below(in) == 0 ? one_of(pool) : pool[below(std::min<std::size_t>(pool.size(), 4))];
  }

  std::string gap() {
    const Pool gaps = {" ", " ", " ", "\t", "  ", " \t", "\r", " \\\n "};
    return gaps[below(below(4) == 0 ? gaps.size() : 3)];
  }

  std::string line() {
    if (below(12) == 0) return "# a comment \\ \n";
    std::string text = likely(types, 4);
    text += gap() + likely(names, 3) + gap() + likely(names, 3);
    if (!text.starts_with("local") || below(9) == 0) text += gap() + likely(addresses, 2);
    const std::string method = below(2) == 0 ? one_of(methods) : methods[below(4)];
    text += gap() + method;
    for (std::size_t i = below(method == "trust" ? 2 : 5); i > 0; --i)
      text += gap() + fitting_option(method);
    if (below(10) == 0) text += " # behind it";
    return text + (below(20) == 0 ? "" : below(9) == 0 ? "\r\n" : "\n");
  }

  std::string fitting_option(const std::string& method) {
    if (below(6) == 0) return one_of(options);
    const std::string wanted = method == "ldap" || method == "radius" || method == "pam" ? method
                               : method == "gss"                                         ? "realm"
                                                 : "clientcert";
    for (int tries = 0; tries < 40; ++tries) {
      const std::string& option = one_of(options);
      if (option.find(wanted) != std::string::npos) return option;
    }
    return "map=m";
  }

  void slip(std::string& text) {
    const std::size_t at = below(text.size());
    if (below(3) == 0)
      text.erase(at, 1 + below(3));
    else
      text.insert(at, 1, below(60) == 0 ? '\0' : noise[below(noise.size())]);
  }

  std::mt19937_64 dice_;
};

std::string joined(const std::vector<std::string>& items) {
  return fmt::format("{}", fmt::join(items, "\x01"));
}

const char* const null_text = "<null>";

/// Our rows as the query below prints the server's.
std::vector<std::string> ours(const hba::RuleFile& file, const hba::Version& version) {
  std::vector<std::string> rows;
  for (const hba::RuleRow& row : file.rows) {
    std::vector<std::string> columns(8, null_text);
    if (row.rule) {
      const hba::ShownRule shown = hba::shown(*row.rule, version);
      columns = {shown.type,
                 joined(shown.databases),
                 joined(shown.users),
                 shown.address.value_or(null_text),
                 shown.netmask.value_or(null_text),
                 shown.method,
                 shown.options.empty() ? null_text : joined(shown.options)};
      columns.emplace_back(null_text);
    }
    if (!row.error.empty()) columns[7] = row.error;
    rows.push_back(fmt::format("{}|{}", row.line, fmt::join(columns, "|")));
  }
  return rows;
}

std::vector<std::string> theirs(server::Session& session) {
  const auto answer = session.ask(
      "SELECT line_number, type, array_to_string(database, chr(1)), array_to_string(user_name, "
      "chr(1)), address, netmask, auth_method, array_to_string(ARRAY(SELECT CASE WHEN o LIKE "
      "'radiussecrets=%' THEN 'radiussecrets=********' ELSE o END FROM unnest(options) WITH "
      "ORDINALITY AS u(o, n) ORDER BY n), chr(1)), options IS NULL, error FROM pg_hba_file_rules");
  if (!answer) FAIL(answer.error().message << ": " << answer.error().detail);
  std::vector<std::string> rows;
  for (const server::Row& row : *answer) {
    std::vector<std::string> columns;
    for (std::size_t i = 1; i < 8; ++i) columns.push_back(row[i].value_or(null_text));
    if (row[8].value_or("t") == "t") columns[6] = null_text;
    columns.push_back(row[9].value_or(null_text));
    rows.push_back(fmt::format("{}|{}", row[0].value_or(""), fmt::join(columns, "|")));
  }
  return rows;
}

void put_files_beside(const scratch::Server& server) {
  server.put("names", "db1, \"b c\" +devs # a comment\n\nall\n");
  server.put("empty", "# nothing\n");
  server.put("nested", "@names x\n");
  server.put("types", "host\n");
  ::mkdir((server.data + "/folder").c_str(), 0755);
}

}  // namespace

namespace {

struct Tally {
  std::uint64_t files = 0;
  std::uint64_t refused = 0;
  std::uint64_t rows = 0;
  std::uint64_t undecided = 0;
  std::uint64_t unbuilt = 0;  ///< rows of what this server was built without
  int wrong = 0;
};

/// The server repeats a secret in an error, and the rest of that error behind it.
bool said_alike(const std::string& mine, const std::string& real) {
  const bool repeats = mine.find("|invalid authentication method \"") != std::string::npos ||
                       mine.find("|invalid connection type \"") != std::string::npos;
  const std::size_t masked = repeats ? mine.find("********") : std::string::npos;
  return mine == real || (masked != std::string::npos && real.starts_with(mine.substr(0, masked)));
}

/// The server runs with ssl on or off and admits everybody over its socket.
void compare(const scratch::Server& server, std::uint64_t first, std::uint64_t files,
             Tally& tally) {
  auto session =
      server::Session::open({server.sockets, server.port, "postgres"}, std::chrono::seconds(5));
  REQUIRE(session);
  const auto version = hba::parse_version(
      fmt::format("{}.{}", session->version() / 10000, session->version() % 10000));
  REQUIRE(version);
  const hba::ServerTraits traits{server.ask("SHOW ssl") == "on", false};
  for (std::uint64_t seed = first; seed < first + files && tally.wrong < 10; ++seed) {
    const std::string text = Writer(seed).file();
    server.put("pg_hba.conf", text);
    const hba::RuleFile file =
        hba::read_rules(server.data + "/pg_hba.conf", text, *version, traits, hba::Files());
    auto mine = ours(file, *version);
    const auto real = theirs(*session);
    ++tally.files;
    tally.rows += real.size();
    if (file.accepted == std::optional(false)) ++tally.refused;
    for (std::size_t i = 0; i < file.rows.size() && i < real.size(); ++i) {
      const bool unbuilt = real[i].ends_with("not supported by this build");
      tally.unbuilt += unbuilt ? 1 : 0;
      tally.undecided += file.rows[i].doubt.empty() ? 0 : 1;
      if (unbuilt || !file.rows[i].doubt.empty()) mine[i] = real[i];
    }
    if (std::equal(mine.begin(), mine.end(), real.begin(), real.end(), said_alike)) continue;
    ++tally.wrong;
    std::fputs(fmt::format("PGSEAL_HBA_SEED={} PGSEAL_HBA_FILES=1, ssl {}\n{}\n-- ours\n{}\n"
                           "-- the server's\n{}\n",
                           seed, traits.ssl ? "on" : "off", base::printable(text),
                           base::printable(fmt::format("{}", fmt::join(mine, "\n"))),
                           base::printable(fmt::format("{}", fmt::join(real, "\n"))))
                   .c_str(),
               stdout);
  }
}

}  // namespace

TEST_CASE("generated files are shown as the installed server shows them") {
  scratch::Server* server = scratch::Server::fresh();
  if (server == nullptr) return;
  put_files_beside(*server);
  const std::uint64_t files =
      scratch::setting("PGSEAL_HBA_FILES", ::getenv("PGSEAL_FULL") != nullptr ? 20000 : 1500);
  const std::uint64_t first = scratch::setting("PGSEAL_HBA_SEED", 1);
  server->install("server.pem", "server.pem");
  const std::string pair = server->etc + "/server/db1/server.pem";
  Tally tally;
  for (const std::string& ssl :
       {std::string(), fmt::format("-c ssl=on -c ssl_cert_file={0} -c ssl_key_file={0}", pair)}) {
    server->put("pg_hba.conf", "local all all trust\n");
    server->restart(ssl);
    REQUIRE(server->ask("SHOW ssl") == (ssl.empty() ? "off" : "on"));
    compare(*server, first, files, tally);
  }
  std::fputs(
      fmt::format("{} files, {} refused, {} rows, {} undecided, {} of what it is built without, "
                  "{} disagreements\n",
                  tally.files, tally.refused, tally.rows, tally.undecided, tally.unbuilt,
                  tally.wrong)
          .c_str(),
      stdout);
  CHECK(tally.files == 2 * files);
  CHECK(tally.wrong == 0);
  CHECK(tally.undecided * 50 <= tally.rows);
}
