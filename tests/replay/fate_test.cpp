// SPDX-License-Identifier: PostgreSQL
#include "replay/fate.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

namespace {

std::string replayed(const std::string& rules, const std::string& sessions) {
  const hba::Version version = hba::parse_version("15").value();
  const hba::RuleFile file = hba::read_rules("hba", rules, version, {}, hba::Files());
  REQUIRE(file.accepted == std::optional(true));
  const hba::IdentFile idents;
  const admission::Roles roles;
  const auto read = replay::read_sessions("seen", sessions);
  REQUIRE(read);
  std::string made;
  for (const replay::Group& group :
       replay::replay(*read, admission::Rules(file, idents, roles, version, {})))
    made += fmt::format("{} {} {}@{} {} {} {}..{} {} {}\n", replay::to_string(group.fate),
                        group.count, group.role, group.database, group.network, group.application,
                        group.first_seen, group.last_seen, to_string(group.decision.outcome),
                        group.decision.row == nullptr ? 0 : group.decision.row->line);
  return made;
}

const std::string rules =
    "local all all peer\n"
    "hostssl shop app 10.0.0.0/8 scram-sha-256 clientcert=verify-full\n"
    "host shop old 10.0.0.0/8 scram-sha-256\n"
    "host all all web.example.com md5\n"
    "hostnossl all all all reject\n";

}  // namespace

TEST_CASE("each session has its fate, the refused come first") {
  CHECK(replayed(rules,
                 "user,database,address,tls,certificate,count\n"
                 "app,shop,,off,,1\n"
                 "app,shop,10.0.0.7,on,app,2\n"
                 "app,shop,10.0.0.7,on,,3\n"
                 "app,shop,10.0.0.7,on,web,4\n"
                 "old,shop,10.0.0.7,off,,5\n"
                 "app,shop,192.168.0.1,off,,6\n") ==
        "refused 4 app@shop 10.0.0.7/32  .. certificate mismatch 2\n"
        "refused 3 app@shop 10.0.0.7/32  .. certificate required 2\n"
        "unknown 6 app@shop 192.168.0.1/32  .. unknown 0\n"
        "not on TLS 5 old@shop 10.0.0.7/32  .. accept 3\n"
        "unchanged 2 app@shop 10.0.0.7/32  .. accept 2\n"
        "unchanged 1 app@shop local  .. accept 1\n");
}

TEST_CASE("neighbours of one fate are one group, under the narrowest network") {
  CHECK(replayed("hostssl all app 10.0.0.0/8 cert\nhostssl all app fd00::/16 cert\n",
                 "user,database,address,application,count,last_seen\n"
                 "app,shop,10.0.0.4,web,1,2026-02-01\n"
                 "app,shop,10.0.0.7,web,2,2026-01-01\n"
                 "app,shop,10.0.0.5,cron,1,\n"
                 "app,shop,10.0.1.4,web,1,2026-03-01\n"
                 "app,shop,fd00::4,web,1,2026-04-01\n"
                 "app,shop,fd00::1:0:0:7,web,9,2026-05-01\n") ==
        "refused 10 app@shop fd00::/79 web 2026-04-01..2026-05-01 no match 0\n"
        "refused 3 app@shop 10.0.0.4/30 web 2026-01-01..2026-02-01 no match 0\n"
        "refused 1 app@shop 10.0.0.5/32 cron .. no match 0\n"
        "refused 1 app@shop 10.0.1.4/32 web 2026-03-01..2026-03-01 no match 0\n");
}

TEST_CASE("physical replication is asked for as such") {
  CHECK(
      replayed("host all repl all trust\n",
               "user,database,address,replication\nrepl,,10.0.0.7,on\nrepl,repl,10.0.0.7,off\n") ==
      "refused 1 repl@replication 10.0.0.7/32  .. no match 0\n"
      "not on TLS 1 repl@repl 10.0.0.7/32  .. accept 1\n");
}

TEST_CASE("where a name decides that was cut, only the server can tell") {
  const std::string cut = "/O=" + std::string(60, 'x');
  const std::string sessions =
      "user,database,address,tls,certificate,count\napp,shop,10.0.0.7,on," + cut +
      ",18446744073709551615\napp,shop,10.0.0.7,on," + cut + ",1\n";
  CHECK(replayed("hostssl all all all cert\n", sessions)
            .starts_with("unknown 18446744073709551615 app@shop"));
  CHECK(replayed("hostssl all all all md5 clientcert=verify-ca\n", sessions)
            .starts_with("unchanged 18446744073709551615 app@shop"));
  CHECK(replayed("hostssl all all all reject\n", sessions).starts_with("refused "));
}
