// SPDX-License-Identifier: PostgreSQL
// The application's own words about its connections, in the forms that applications write.
#include "settings/application.h"

#include <doctest/doctest.h>

using settings::ApplicationConnection;
using settings::parse_application_settings;

TEST_CASE("of a database.yml its production counts, with what it merges") {
  const auto found = parse_application_settings("/srv/shop/config/database.yml", R"(
default: &default
  adapter: postgresql
  host: db1
  username: deploy
  password: "hunter2"
development:
  <<: *default
  host: localhost
production:
  <<: *default
  database: shop
  sslmode: verify-full
)");
  REQUIRE(found);
  CHECK(*found == std::vector<ApplicationConnection>{
                      {"production", "db1", "", "shop", "deploy", "verify-full"}});
}

TEST_CASE("several databases below production are each a connection, another adapter's are not") {
  const auto found = parse_application_settings("database.yml",
                                                "production:\n"
                                                "  primary: {adapter: postgresql, host: db1}\n"
                                                "  replica: {url: 'postgres://u:p@db2:5433/x'}\n"
                                                "  queue: {adapter: mysql2, host: q1}\n");
  REQUIRE(found);
  REQUIRE(found->size() == 2);
  CHECK((*found)[0].where == "production.primary");
  CHECK((*found)[1] == ApplicationConnection{"production.replica", "db2", "5433", "x", "u", ""});
}

TEST_CASE("an environment file has URIs and libpq's own variables") {
  const auto found =
      parse_application_settings("/etc/default/shop",
                                 "# comment\n"
                                 "export DATABASE_URL=\"postgresql://deploy:p%40@db1/"
                                 "shop?sslmode=require\"\n"
                                 "PGHOST=/run/postgresql\nPGSSLMODE=prefer\nA B=1\n");
  REQUIRE(found);
  CHECK(*found ==
        std::vector<ApplicationConnection>{{"DATABASE_URL", "db1", "", "shop", "deploy", "require"},
                                           {"PG*", "/run/postgresql", "", "", "", "prefer"}});
}

TEST_CASE("a file may be one connection string") {
  for (const char* text : {"postgres://deploy@db1/shop\n", "host=db1 dbname=shop user=deploy"}) {
    const auto found = parse_application_settings("dsn", text);
    REQUIRE(found);
    CHECK(*found == std::vector<ApplicationConnection>{{"", "db1", "", "shop", "deploy", ""}});
  }
}

TEST_CASE("what cannot be understood is an error that repeats nothing of it") {
  const auto torn =
      parse_application_settings("x.yml", "production:\n  password: hunter2\n <% end %>");
  REQUIRE_FALSE(torn);
  CHECK(torn.error().message.find("line ") != std::string::npos);
  CHECK((torn.error().message + torn.error().detail).find("hunter2") == std::string::npos);
  CHECK_FALSE(parse_application_settings("dsn", "postgres://deploy:hunter2@[db1/shop"));
}

TEST_CASE("a document that refers to itself or grows without end is refused") {
  CHECK_FALSE(parse_application_settings("x.yml", "a: &a\n  b: *a\n"));
  std::string laughs = "a0: &a0 {x: 1}\n";
  for (int i = 1; i < 9; ++i) {
    laughs += "a" + std::to_string(i) + ": &a" + std::to_string(i) + " {";
    for (int j = 0; j < 9; ++j)
      laughs += "k" + std::to_string(j) + ": *a" + std::to_string(i - 1) + ", ";
    laughs += "}\n";
  }
  CHECK_FALSE(parse_application_settings("x.yml", laughs));
  CHECK(parse_application_settings("x.yml", "")->empty());
  CHECK(parse_application_settings("x.yml", "- 1\n- 2\n")->empty());
}
