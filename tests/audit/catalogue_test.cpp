// SPDX-License-Identifier: PostgreSQL
// The table of findings, and what the preflight says of one host.
#include "audit/catalogue.h"

#include <doctest/doctest.h>

#include <set>

#include "audit/preflight.h"

TEST_CASE("no code of a finding is used twice, and each has its sentence") {
  std::set<std::string_view> codes;
  for (const audit::CatalogueRow& row : audit::catalogue()) {
    CHECK(codes.insert(row.code).second);
    CHECK(row.meaning.ends_with("."));
  }
}

static fleet::HostFacts server_with(const std::string& setting, const std::string& value) {
  fleet::HostFacts facts;
  facts.host = "db1";
  facts.server_slot.emplace();
  facts.server_slot->folder = "/etc/pgseal/server/db1";
  facts.server.emplace();
  facts.server->running = true;
  facts.server->version = 150020;
  facts.server->running_settings = {{"ssl", "on", "", "", 0, false, ""},
                                    {setting, value, "", "/etc/p.conf", 9, false, ""}};
  return facts;
}

static bool says(const fleet::HostFacts& facts, std::string_view code) {
  fleet::Environment environment;
  fleet::Host host;
  host.name = "db1";
  host.database = true;
  for (const auto& finding : audit::preflight(environment, host, facts, {}, 0))
    if (finding.code == code) return true;
  return false;
}

TEST_CASE("a person's certificate is not taken over, a distribution's and ours are no obstacle") {
  CHECK(says(server_with("ssl_cert_file", "/etc/ssl/mine.pem"), "server.foreign-certificate"));
  CHECK_FALSE(says(server_with("ssl_cert_file", "/etc/ssl/certs/ssl-cert-snakeoil.pem"),
                   "server.foreign-certificate"));
  CHECK_FALSE(says(server_with("ssl_cert_file", "/etc/pgseal/server/db1/server.pem"),
                   "server.foreign-certificate"));
}

TEST_CASE("a person's trust bundle is not taken over") {
  CHECK(says(server_with("ssl_ca_file", "/etc/ssl/company.crt"), "server.foreign-trust"));
  CHECK_FALSE(says(server_with("ssl_ca_file", "/etc/pgseal/server/db1/clients.crt"),
                   "server.foreign-trust"));
}

TEST_CASE(
    "a person's trust bundle is not taken over where TLS is still off, or is yet to be loaded") {
  auto facts = server_with("ssl_ca_file", "/etc/ssl/company.crt");
  facts.server->running_settings[0].value = "off";
  CHECK(says(facts, "server.foreign-trust"));
  facts.server->running_settings[1].value = "";
  CHECK_FALSE(says(facts, "server.foreign-trust"));
  facts.server->written_settings = {
      {"ssl_ca_file", "/etc/ssl/company.crt", "", "/etc/p.conf", 9, false, ""}};
  CHECK(says(facts, "server.foreign-trust"));
  facts.server->written_settings.push_back(
      {"ssl_ca_file", "/etc/pgseal/server/db1/clients.crt", "", "/etc/s.conf", 3, false, ""});
  CHECK_FALSE(says(facts, "server.foreign-trust"));
}

TEST_CASE("a maximum below the policy's minimum is said before TLS is turned on") {
  CHECK(says(server_with("ssl_max_protocol_version", "TLSv1.1"), "server.tls-refused"));
  CHECK_FALSE(says(server_with("ssl_max_protocol_version", "TLSv1.2"), "server.tls-refused"));
  CHECK_FALSE(says(server_with("ssl_max_protocol_version", ""), "server.tls-refused"));
}

TEST_CASE("a refused value of another setting is said, and is no obstacle") {
  auto facts = server_with("ssl_cert_file", "/etc/pgseal/server/db1/server.pem");
  facts.server->written_settings = {
      {"work_mem", "bad", "", "/etc/p.conf", 9, false, "setting could not be applied"}};
  CHECK(says(facts, "server.setting-refused"));
  CHECK_FALSE(says(facts, "server.settings-error"));
  facts.server->written_settings[0].name = "ssl_min_protocol_version";
  CHECK(says(facts, "server.settings-error"));
  facts.server->written_settings = {{"", "", "", "/etc/p.conf", 9, false, "syntax error"}};
  CHECK(says(facts, "server.settings-error"));
}

TEST_CASE("a server older than 10 is named") {
  auto facts = server_with("ssl_cert_file", "/etc/pgseal/server/db1/server.pem");
  facts.server->version = 90624;
  CHECK(says(facts, "server.version"));
}
