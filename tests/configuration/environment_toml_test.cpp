// SPDX-License-Identifier: PostgreSQL
// Reading pgseal.toml: keys, types, syntax, defaults.
#include "configuration/configurations.h"

TEST_CASE("what a person wrote is what comes, with absolute paths") {
  const auto environment = parsed(R"(
state = "var/state"
[environment]
name = "shop"
service_names = ["db.shop.internal", "10.7.0.9"]
[policy]
require = "tls"
method = "cert"
min_protocol = "TLSv1.3"
server_days = 30
client_days = 31
client_key_days = 32
authority_days = 330
crl_days = 33
key_type = "RSA-3072"
[authority]
passphrase_file = "secret/pass"
[ssh]
options = ["-o", "BatchMode=yes", "-o", "Compression=no"]
parallel = 8
[[host]]
name = "db1"
link = "ssh:root@10.7.0.11"
address = "10.7.0.11"
names = ["db1.shop.internal"]
database = true
port = 5433
data_directory = "/srv/pg"
socket_directory = "/run/postgresql"
os_user = "postgres"
boot_hook = true
[[identity]]
name = "alice"
kind = "named"
hosts = ["@all", "db1", "@databases"]
os_users = ["alice", "EXAMPLE\\alice", "alice@example.com"]
databases = ["shop"]
require = "certificate"
method = "scram-sha-256"
networks = ["10.7.0.0/16", "2001:db8::1"]
source = "/srv/shop/database.yml"
explicit_sslcert = true
days = 90
[[exception]]
role = "exporter"
network = "10.7.0.40/32"
require = "tls"
reason = "no certificate"
until = 2027-03-31
[[silence]]
code = "hba.trust-local"
host = "db1"
reason = "root alone"
)");
  CHECK(environment.file == "/x/pgseal.toml");
  CHECK(environment.state == "/x/var/state");
  CHECK(environment.name == "shop");
  CHECK(environment.service_names == std::vector<std::string>{"db.shop.internal", "10.7.0.9"});
  const fleet::Policy& policy = environment.policy;
  CHECK(policy.require == fleet::Requirement::tls);
  CHECK(policy.method == "cert");
  CHECK(policy.min_protocol == "TLSv1.3");
  CHECK(policy.server_days == 30);
  CHECK(policy.client_days == 31);
  CHECK(policy.client_key_days == 32);
  CHECK(policy.authority_days == 330);
  CHECK(policy.crl_days == 33);
  CHECK(policy.key_type == x509::KeyType::rsa3072);
  CHECK(environment.authority.passphrase_file == "/x/secret/pass");
  CHECK(!environment.authority.unencrypted);
  CHECK(environment.ssh.options.size() == 4);
  CHECK(environment.ssh.parallel == 8);
  REQUIRE(environment.hosts.size() == 1);
  const fleet::Host& host = environment.hosts[0];
  CHECK(host.link == "ssh:root@10.7.0.11");
  CHECK(host.address == "10.7.0.11");
  CHECK(host.names == std::vector<std::string>{"db1.shop.internal"});
  CHECK(host.database);
  CHECK(host.port == 5433);
  CHECK(host.data_directory == "/srv/pg");
  CHECK(host.socket_directory == "/run/postgresql");
  CHECK(host.os_user == "postgres");
  CHECK(host.boot_hook);
  CHECK(host.declared_at == base::Place{"/x/pgseal.toml", 22});
  REQUIRE(environment.identities.size() == 1);
  const fleet::Identity& identity = environment.identities[0];
  CHECK(identity.kind == fleet::IdentityKind::named);
  CHECK(identity.hosts.size() == 3);
  CHECK(identity.os_users.size() == 3);
  CHECK(identity.require == fleet::Requirement::certificate);
  CHECK(identity.method == "scram-sha-256");
  CHECK(identity.networks.size() == 2);
  CHECK(identity.source == "/srv/shop/database.yml");
  CHECK(identity.explicit_sslcert);
  CHECK(identity.days == 90);
  REQUIRE(environment.exemptions.size() == 1);
  REQUIRE(environment.exemptions[0].until);
  CHECK(base::format_time(*environment.exemptions[0].until) == "2027-03-31 23:59:59Z");
  REQUIRE(environment.silences.size() == 1);
  CHECK(environment.silences[0].host == "db1");
  CHECK(!environment.silences[0].until);
}

TEST_CASE("what is not written is as the table of keys says") {
  const auto environment = parsed(sound + deploy);
  CHECK(environment.state == "/x/state");
  CHECK(environment.identities[0].kind == fleet::IdentityKind::application);
  const auto standard = [](const char* table, const char* name) {
    return std::string(configuration::find_key(table, name)->standard);
  };
  const fleet::Policy& policy = environment.policy;
  CHECK(standard("policy", "require") == std::string("\"") + to_string(policy.require) + "\"");
  CHECK(standard("policy", "method") == "\"" + policy.method + "\"");
  CHECK(standard("policy", "min_protocol") == "\"" + policy.min_protocol + "\"");
  CHECK(standard("policy", "server_days") == std::to_string(policy.server_days));
  CHECK(standard("policy", "client_days") == std::to_string(policy.client_days));
  CHECK(standard("policy", "client_key_days") == std::to_string(policy.client_key_days));
  CHECK(standard("policy", "authority_days") == std::to_string(policy.authority_days));
  CHECK(standard("policy", "crl_days") == std::to_string(policy.crl_days));
  CHECK(standard("policy", "key_type") ==
        "\"" + std::string(x509::to_string(policy.key_type)) + "\"");
  CHECK(standard("ssh", "parallel") == std::to_string(environment.ssh.parallel));
  CHECK(standard("host", "database") == "false");
}

TEST_CASE("the state of the system's own configuration is in /var/lib") {
  CHECK(parse_environment(sound, "/etc/pgseal/pgseal.toml").environment.state == "/var/lib/pgseal");
}

TEST_CASE("an unknown key is refused with the nearest known one, in every table") {
  check_refused("stat = \"x\"\n" + sound, Code::config_unknown_key,
                {1, 1, "unknown key \"stat\" in the top level", "\"state\""});
  check_refused(sound + "[policy]\n  sever_days = 3\n", Code::config_unknown_key,
                {8, 3, "unknown key \"sever_days\" in [policy]", "\"server_days\""});
  check_refused(sound + "[[host]]\nname = \"db2\"\nlink = \"local\"\nadress = \"db2\"\n",
                Code::config_unknown_key,
                {10, 1, "unknown key \"adress\" in [[host]]", "\"address\""});
  check_refused(sound + deploy + "os_user = [\"x\"]\n", Code::config_unknown_key,
                {11, 1, "unknown key \"os_user\" in [[identity]]", "\"os_users\""});
  check_refused(sound + "[polcy]\nrequire = \"tls\"\n", Code::config_unknown_key,
                {7, 2, "unknown key \"polcy\" in the top level", "\"policy\""});
  check_refused(sound + "[ssh]\nzzzzzzzzz = 1\n", Code::config_unknown_key,
                {8, 1, "unknown key \"zzzzzzzzz\" in [ssh]"});
}

TEST_CASE("the value of an unknown key is not repeated") {
  const Loaded loaded =
      parse_environment(sound + "[authority]\npassword = \"hunter2\"\n", "/x/pgseal.toml");
  REQUIRE(loaded.error);
  CHECK(loaded.error->message.find("hunter2") == std::string::npos);
}

TEST_CASE("a value of a wrong type is refused with the type that belongs there") {
  check_refused(sound + "[policy]\nserver_days = \"90\"\n", Code::config_type,
                {8, 15, "server_days is a string where an integer belongs", "without quotes"});
  check_refused(sound + "[policy]\nserver_days = 90.5\n", Code::config_type,
                {8, 15, "server_days is a value of another type where an integer belongs"});
  check_refused(sound + "names = \"db1.shop\"\n", Code::config_type,
                {7, 9, "names is a string where an array of strings belongs", "brackets"});
  check_refused(sound + "names = [\"db1.shop\", 7]\n", Code::config_type,
                {7, 22, "names is an integer where an array of strings belongs"});
  check_refused(
      "[environment]\nname = \"shop\"\n[host]\nname = \"db1\"\nlink = "
      "\"local\"\n[[silence]]\ncode=\"a.b\"\nreason = \"x\"\nuntil = \"2027-03-31\"\n[[host]]\n",
      Code::config_syntax,
      {10, 1,
       "error while parsing table header: cannot redefine existing table 'host' as "
       "array-of-tables"});
  check_refused(sound + "[[silence]]\ncode = \"a.b\"\nreason = \"x\"\nuntil = \"2027-03-31\"\n",
                Code::config_type,
                {10, 9, "until is a string where a date belongs", "until = 2027-03-31"});
  check_refused(
      sound + "[[silence]]\ncode = \"a.b\"\nreason = \"x\"\nuntil = 2027-03-31T00:00:00Z\n",
      Code::config_type,
      {10, 9, "until is a value of another type where a date belongs", "without a time"});
  check_refused(sound + "[[policy]]\n", Code::config_type,
                {7, 1, "policy is an array where a table belongs", "one bracket"});
}

TEST_CASE("[host] with one bracket is told to take two") {
  const Loaded loaded = parse_environment(
      "[environment]\nname = \"shop\"\n[host]\nname = \"db1\"\nlink = \"local\"\n",
      "/x/pgseal.toml");
  REQUIRE(loaded.error);
  REQUIRE(loaded.findings.size() == 2);  // the other: no host is declared
  CHECK(loaded.findings[1].message ==
        "line 3, column 1: host is a table where an array of tables belongs");
  CHECK(loaded.findings[1].hint == "Write [[host]] with two brackets: there may be several.");
}

TEST_CASE("a text that is not TOML is refused with its place, and what stands there is not shown") {
  check_refused(sound + "[authority]\npassphrase = hunter2\n", Code::config_syntax,
                {8, 14, "error while parsing value: could not determine value type",
                 "A text stands in double quotes."});
  for (const char* value :
       {"trust-no-one", "false-friend", "nananana", "0xhunter", "8675309867530986753098675309",
        "1979-hunter", "'hunter2", "\"hunter2", "\"hun\\qter2\"", "[hunter2]", "{hunter2"}) {
    const Loaded loaded =
        parse_environment(sound + "[authority]\npassphrase = " + value + "\n", "/x/pgseal.toml");
    REQUIRE(loaded.error);
    CHECK(loaded.error->code == Code::config_syntax);
    CAPTURE(loaded.error->message);
    for (const char* part : {"trus", "false-", "nana", "hunt", "8675", "1979", "ter2"})
      CHECK(loaded.error->message.find(part) == std::string::npos);
    CHECK(loaded.error->message.find(", column ") != std::string::npos);
  }
  check_refused(sound + "database = false\n", Code::config_syntax,
                {7, 12,
                 "error while parsing key-value pair: cannot redefine existing boolean "
                 "'database'"});
}
