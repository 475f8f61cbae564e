// SPDX-License-Identifier: PostgreSQL
#include "settings/command_line.h"

#include <doctest/doctest.h>

using settings::parse_command_line;

TEST_CASE("every way of giving a setting is seen, hyphens and case as the server reads them") {
  const auto line =
      parse_command_line({"postgres", "-D", "/data", "-c", "config_file=/etc/p.conf",
                          "--SSL-cert-file=/a", "-cport=1", "-p", "5433", "-k/tmp", "-l"});
  CHECK(line.data_directory == "/data");
  CHECK(line.findings.empty());
  CHECK(line.effective("config_file")->value == "/etc/p.conf");
  CHECK(line.effective("ssl_cert_file")->argument == "--SSL-cert-file=/a");
  CHECK(line.effective("port")->value == "5433");
  CHECK(line.effective("unix_socket_directories")->value == "/tmp");
  CHECK(line.effective("ssl")->value == "true");
}

TEST_CASE("letters may share a hyphen, the last one takes the argument") {
  const auto line = parse_command_line({"postgres", "-ilp", "1"});
  CHECK(line.effective("listen_addresses")->value == "*");
  CHECK(line.effective("ssl")->value == "true");
  CHECK(line.effective("port")->value == "1");
}

TEST_CASE("only the TLS settings that count are named as overriding ours") {
  const auto line = parse_command_line({"postgres", "-l", "-c", "ssl=off", "-c", "port=1"});
  const auto overriding = line.overriding();
  REQUIRE(overriding.size() == 1);
  CHECK(overriding[0].value == "off");
  CHECK(findings_of(line).at(0).message == "\"ssl\" is set on the server's command line");
}

TEST_CASE("what the server would refuse is collected") {
  CHECK(parse_command_line({"postgres", "x", "-c", "ssl", "-Q", "-p"}).findings.size() == 4);
  CHECK(parse_command_line({"postgres", "--", "y"}).findings.size() == 1);
}

TEST_CASE("arguments come from the kernel's list and from postmaster.opts") {
  using List = std::vector<std::string>;
  CHECK(settings::argv_of_cmdline(std::string_view("a\0\0b c\0", 7)) == List{"a", "", "b c"});
  CHECK(settings::argv_of_options_file("/bin/postgres \"-D\" \"/d a\" \"-c\" \"x=\"\n") ==
        List{"/bin/postgres", "-D", "/d a", "-c", "x="});
  CHECK(settings::argv_of_options_file("/bin/postgres\n") == List{"/bin/postgres"});
}
