// SPDX-License-Identifier: PostgreSQL
// What is said of an application whose own settings file was read, and what is not.
#include "audit/sources.h"

#include <doctest/doctest.h>

namespace {

fleet::Environment environment() {
  fleet::Environment environment;
  environment.name = "shop";
  environment.service_names = {"db.shop.internal"};
  fleet::Host db;
  db.name = "db1";
  db.address = "192.0.2.11";
  db.database = true;
  environment.hosts = {db};
  return environment;
}

std::string codes(const settings::ApplicationConnection& connection) {
  std::string text;
  for (const auto& found : audit::source_findings(environment(), "app1",
                                                  {{"deploy", "deploy", "/x", "", {connection}}}))
    text += found.code + " ";
  return text;
}

}  // namespace

TEST_CASE("only a verified connection to a name of ours is nothing to speak of") {
  CHECK(codes({"", "db1", "", "", "", "verify-full"}).empty());
  CHECK(codes({"", "DB.shop.internal, 192.0.2.11", "", "", "", "verify-full"}).empty());
  CHECK(codes({"", "db1", "", "", "", ""}) == "source.sslmode ");
  CHECK(codes({"", "db1", "", "", "", "require"}) == "source.sslmode ");
  CHECK(codes({"", "db1,other", "", "", "", "verify-full"}) == "source.elsewhere ");
  CHECK(codes({"", "", "", "", "", "verify-full"}) == "source.socket ");
  CHECK(codes({"", "/run/postgresql", "", "", "", ""}) == "source.socket ");
}

TEST_CASE("a file without a connection, or that could not be read, is a warning with its path") {
  for (const char* problem : {"", "could not open \"/x\": Permission denied"}) {
    const auto found =
        audit::source_findings(environment(), "app1", {{"deploy", "deploy", "/x", problem, {}}});
    REQUIRE(found.size() == 1);
    CHECK(found[0].code == "source.unreadable");
    CHECK(found[0].severity == base::Severity::warning);
    CHECK(found[0].file == "/x");
  }
}
