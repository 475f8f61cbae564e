// SPDX-License-Identifier: PostgreSQL
#include "server/replication.h"

#include <doctest/doctest.h>

#include "fleet/slot.h"
#include "settings/configuration_file.h"
#include "settings/conninfo.h"

namespace {

constexpr const char* plain =
    "user=replicator password='it''s \\'so\\'' host=db1,db2 port=5432,5433 sslmode=prefer";

server::ServerView view_with(const std::string& conninfo) {
  server::ServerView view;
  view.version = 150000;
  view.replication.running = conninfo;
  view.replication.file = {"/data/postgresql.auto.conf",
                           "# Do not edit\nport = 5432\nprimary_conninfo = " +
                               settings::quoted(conninfo) + " # kept\nprimary_slot_name = 'db2'\n",
                           ""};
  return view;
}

slots::SlotFiles pair() {
  const host::OsUser user{"postgres", 1, 1, "/var/lib/postgresql"};
  return slots::client_files("shop", fleet::client_slot("replicator", "postgres"), user).value();
}

}  // namespace

TEST_CASE("only the TLS keywords of a standby's string change, whatever else is in it") {
  for (const std::string text :
       {std::string("user=r host=db1 passfile='/x y/.pgpass'"),
        std::string("service=primary sslmode = 'prefer' user=r"),
        std::string("postgresql://r:p%40ss@db1:5432,db2/?sslmode=prefer&application_name=a%20b"),
        std::string("host=db1 password='a\\'b\\\\c' sslcert=/old.crt")}) {
    CAPTURE(text);
    const auto before = settings::parse_conninfo(text).value();
    const std::string changed = server::verifying_conninfo(text, pair()).value();
    const auto after = settings::parse_conninfo(changed).value();
    CHECK(after.find("sslmode")->value == "verify-full");
    CHECK(after.find("sslcert")->value == "/var/lib/postgresql/.postgresql/postgresql.crt");
    CHECK(after.find("sslkey")->value == "/var/lib/postgresql/.postgresql/postgresql.key");
    CHECK(after.find("sslrootcert")->value == "/var/lib/postgresql/.postgresql/root.crt");
    for (const auto& item : before.items)
      if (!item.keyword.starts_with("ssl")) CHECK(after.find(item.keyword)->value == item.value);
  }
}

TEST_CASE("the file keeps everything but the string") {
  const std::string conninfo = "user=r password=p'q host=db1";
  const server::ServerView view = view_with(conninfo);
  const std::string text = server::with_conninfo(view, "user=r host='it''s'").value();
  CHECK(settings::parse(text).effective("primary_conninfo")->value == "user=r host='it''s'");
  CHECK(text.find(" # kept\nprimary_slot_name = 'db2'\n") != std::string::npos);
  CHECK(server::with_conninfo(view, conninfo).value() == view.replication.file.text);
}

TEST_CASE("facts of a standby's connection hold no secret") {
  const auto facts = server::replication_facts(view_with(plain));
  REQUIRE(facts);  // quotes are not doubled in a connection string: libpq would refuse it
  CHECK_FALSE(facts->problem.empty());
  CHECK(facts->problem.find("so") == std::string::npos);
  const auto good = server::replication_facts(
      view_with("user=replicator password=hunter2 host=db1,db2 port=5432,5433 sslmode=prefer"));
  REQUIRE(good);
  CHECK(good->password);
  CHECK(good->host == "db1,db2");
  CHECK(good->user == "replicator");
  CHECK(good->loaded);
  CHECK_FALSE(good->in_use);
  for (const std::string* text : {&good->problem, &good->file, &good->host, &good->port,
                                  &good->user, &good->sslmode, &good->service, &good->receiver})
    CHECK(text->find("hunter2") == std::string::npos);
}

TEST_CASE("a receiver counts only where it streams with the values that are written") {
  const std::string wanted = server::verifying_conninfo("user=r host=db1", pair()).value();
  server::ReceiverView receiver{"streaming", wanted + " password=******** krbsrvname=postgres", 7};
  CHECK(server::streams_with(receiver, wanted));
  receiver.status = "waiting";
  CHECK_FALSE(server::streams_with(receiver, wanted));
  receiver = {"streaming", "passfile=/pass file application_name=it's \\ " + wanted, 7};
  CHECK(server::streams_with(receiver, wanted));  // unquoted, as the server shows it
  receiver = {"streaming", "user=r host=db1 sslmode=verify-full", 7};
  CHECK_FALSE(server::streams_with(receiver, wanted));
}
