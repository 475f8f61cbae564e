// SPDX-License-Identifier: PostgreSQL
#include "settings/tls_settings.h"

#include <doctest/doctest.h>

#include "settings/configuration_file.h"

using settings::needs_restart;
using settings::parse_ssl_conf;
using settings::ssl_conf_text;
using settings::SslConf;

namespace {
SslConf example() {
  SslConf conf;
  conf.key_and_chain_path = "/etc/pgseal/server/db1/server.pem";
  return conf;
}
}  // namespace

TEST_CASE("a server that trusts no client yet keeps what it trusted") {
  CHECK(ssl_conf_text(15, example()).value() ==
        "# Kept by pgseal; changes made here by hand are lost.\n"
        "ssl = 'on'\n"
        "ssl_cert_file = '/etc/pgseal/server/db1/server.pem'\n"
        "ssl_key_file = '/etc/pgseal/server/db1/server.pem'\n"
        "ssl_min_protocol_version = 'TLSv1.2'\n");
}

TEST_CASE(
    "our trust comes with empty revocation lists, so that no foreign list refuses our clients") {
  SslConf conf = example();
  conf.client_ca_path = "/etc/pgseal/server/db1/clients.crt";
  const std::string text = ssl_conf_text(14, conf).value();
  CHECK(text.find("ssl_ca_file = '/etc/pgseal/server/db1/clients.crt'\n") != std::string::npos);
  CHECK(text.find("ssl_crl_file = ''\nssl_crl_dir = ''\n") != std::string::npos);
}

TEST_CASE("no version is given a setting that it does not know") {
  SslConf conf = example();
  conf.client_ca_path = "";
  for (int major = 10; major <= 19; ++major) {
    const std::string text = ssl_conf_text(major, conf).value();
    for (const auto& assignment : settings::parse(text).assignments) {
      CHECK(settings::tls_setting(major, assignment.name) != nullptr);
      CHECK(settings::ours(assignment.name));
    }
    CHECK((text.find("ssl_min_protocol_version") != std::string::npos) == (major >= 12));
    CHECK((text.find("ssl_crl_dir") != std::string::npos) == (major >= 14));
  }
}

TEST_CASE("ssl.conf is read back as it was meant, whatever the paths hold") {
  SslConf conf = example();
  for (const char* ca : {"", "/c/it's.crt", "/c/back\\slash and blank#.crt"}) {
    conf.client_ca_path = ca;
    conf.client_crl_path = *ca == '\0' ? "" : "/c/new\nline.crl";
    CHECK(*parse_ssl_conf(ssl_conf_text(18, conf).value()) == conf);
  }
  conf.min_protocol.clear();
  CHECK(*parse_ssl_conf(ssl_conf_text(10, conf).value()) == conf);
}

TEST_CASE("a file that is not ours is not taken for ssl.conf") {
  CHECK_FALSE(parse_ssl_conf(""));
  CHECK_FALSE(parse_ssl_conf("ssl = on\nssl_cert_file = '/a'\n"));
  CHECK_FALSE(parse_ssl_conf("ssl = on\nssl_cert_file = '/a'\nssl_key_file = '/b'\n"));
  CHECK_FALSE(parse_ssl_conf("ssl = off\nssl_cert_file = '/a'\nssl_key_file = '/a'\n"));
  CHECK_FALSE(parse_ssl_conf("ssl = on\nssl_cert_file = '/a'\nssl_key_file = '/a'\nport = 1\n"));
  CHECK_FALSE(parse_ssl_conf("ssl = on\nssl_cert_file = '/a'\nssl_key_file = '/a'\n=\n"));
}

TEST_CASE("what cannot be a working ssl.conf is refused before it is written") {
  CHECK_FALSE(ssl_conf_text(15, SslConf{}));
  SslConf conf = example();
  conf.client_crl_path = "/crl";
  CHECK_FALSE(ssl_conf_text(15, conf));
  conf = example();
  conf.min_protocol = "SSLv3";
  CHECK_FALSE(ssl_conf_text(15, conf));
  conf = example();
  conf.client_ca_path = "root.crt";
  CHECK_FALSE(ssl_conf_text(15, conf));
}

TEST_CASE("versions before 10 are refused by name") {
  const auto answer = ssl_conf_text(settings::major_of(90624), example());
  REQUIRE_FALSE(answer);
  CHECK(answer.error().message == "PostgreSQL 9 is not supported");
  CHECK(settings::major_of(150020) == 15);
}

TEST_CASE(
    "a reload is enough for TLS, a restart is needed for addresses and old primary_conninfo") {
  CHECK(needs_restart(10, "ssl") == false);
  CHECK(needs_restart(18, "SSL_CA_FILE") == false);
  CHECK(needs_restart(15, "listen_addresses") == true);
  CHECK(needs_restart(12, "primary_conninfo") == true);
  CHECK(needs_restart(13, "primary_conninfo") == false);
  CHECK_FALSE(needs_restart(11, "ssl_min_protocol_version"));
  CHECK_FALSE(needs_restart(15, "ssl_library"));
}

TEST_CASE("protocols are ordered by age") {
  CHECK(settings::compare_protocols("TLSv1.1", "TLSv1.2") == -1);
  CHECK(settings::compare_protocols("tlsv1.3", "TLSv1.3") == 0);
  CHECK_FALSE(settings::compare_protocols("", "TLSv1.3"));
}

TEST_CASE("the table is sorted and every row says what it means") {
  std::string_view last;
  for (const auto& row : settings::tls_settings()) {
    CHECK(last < row.name);
    CHECK(row.meaning.ends_with("."));
    last = row.name;
  }
}
