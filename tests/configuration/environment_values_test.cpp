// SPDX-License-Identifier: PostgreSQL
// Reading pgseal.toml: values that are possible and those that are not, and files it includes.
#include "configuration/configurations.h"

TEST_CASE("an environment's name is short and plain, because it goes into names of 63 bytes") {
  for (const char* name :
       {"", "Shop", "shop_1", "-shop", "sh op", "shöp", "a.b", "abcdefghijklmnopqrstuvwxyz"}) {
    const Loaded loaded = parse_environment("[environment]\nname = \"" + std::string(name) +
                                                "\"\n[[host]]\nname = \"a\"\nlink = \"local\"\n",
                                            "/x/pgseal.toml");
    CAPTURE(name);
    REQUIRE(loaded.error);
    CHECK(loaded.error->code == Code::config_value);
    CHECK(loaded.findings[0].line == 2);
  }
  check_refused("[environment]\nname = \"Shop\"\n[[host]]\nname = \"a\"\nlink = \"local\"\n",
                Code::config_value,
                {2, 8, "name \"Shop\" is not 1 to 25 lower-case letters, digits and inner hyphens",
                 "63 bytes"});
  CHECK(parsed("[environment]\nname = \"abcdefghijklmnopqrstuvwxy\"\n[[host]]\nname = \"a\"\nlink "
               "= \"local\"\n")
            .name.size() == 25);
}

TEST_CASE("an environment without a name or without hosts is refused") {
  check_refused("[[host]]\nname = \"a\"\nlink = \"local\"\n", Code::config_value,
                {1, 1, "there is no [environment]", "Begin with [environment]"});
  check_refused("[environment]\n[[host]]\nname = \"a\"\nlink = \"local\"\n", Code::config_value,
                {1, 1, "[environment] has no name"});
  const Loaded loaded = parse_environment("[environment]\nname = \"shop\"\n", "/x/pgseal.toml");
  REQUIRE(loaded.error);
  CHECK(loaded.error->message == "\"/x/pgseal.toml\": no host is declared");
}

TEST_CASE("a host has a name and a link, and names that are names") {
  check_refused(sound + "[[host]]\nlink = \"local\"\n", Code::config_value,
                {7, 1, "[[host]] has no name"});
  check_refused(sound + "[[host]]\nname = \"db2\"\n", Code::config_value,
                {7, 1, "[[host]] has no link", "link = \"ssh:db2\""});
  check_refused(sound + "[[host]]\nlink = \"local\"\nname = \"db_2\"\n", Code::config_value,
                {9, 8, "name \"db_2\" is neither a host name nor an address", "underscore"});
  check_refused(sound + "names = [\"db1.shop\", \"*.shop\"]\n", Code::config_value,
                {7, 22, "names \"*.shop\" is neither a host name nor an address", "Wildcards"});
  check_refused(sound + "address = \"10.7.0.11/24\"\n", Code::config_value,
                {7, 11, "address \"10.7.0.11/24\" is neither a host name nor an address"});
  check_refused(sound + "address = \"\"\n", Code::config_value, {7, 11, "address \"\" is empty"});
  check_refused(sound + "names = [\"a\\u001b[31m\"]\n", Code::config_value,
                {7, 10, "names \"a\\x1b[31m\" has control or direction characters"});
  check_refused(sound + "names = [\"a\", \"a\"]\n", Code::config_duplicate,
                {7, 15, "names has \"a\" twice"});
}

TEST_CASE("a link is local or ssh, and never an option of ssh") {
  const auto with = [](const std::string& link) {
    return sound + "[[host]]\nname = \"db2\"\nlink = \"" + link + "\"\n";
  };
  check_refused(with("db2"), Code::config_value,
                {9, 8, "link \"db2\" is neither \"local\" nor \"ssh:DESTINATION\"", "\"ssh:\""});
  check_refused(
      with("ssh:-oProxyCommand=reboot"), Code::config_value,
      {9, 8,
       "link \"ssh:-oProxyCommand=reboot\" has a destination that ssh would take for an option",
       "[ssh]"});
  check_refused(with("ssh:"), Code::config_value,
                {9, 8, "link \"ssh:\" has no destination after \"ssh:\""});
  check_refused(with("ssh:db2 -v"), Code::config_value,
                {9, 8, "link \"ssh:db2 -v\" has a space in its destination", "[ssh]"});
  check_refused(with("ssh:db2\\n"), Code::config_value,
                {9, 8, "link \"ssh:db2\\x0a\" has control or direction characters"});
  CHECK(parsed(with("ssh:ssh://root@[2001:db8::1]:2222")).hosts.size() == 2);
}

TEST_CASE("numbers stay within what is possible") {
  check_refused(sound + "port = 0\n", Code::config_value,
                {7, 8, "port is 0, outside of 1 to 65535"});
  check_refused(sound + "port = 65536\n", Code::config_value,
                {7, 8, "port is 65536, outside of 1 to 65535"});
  check_refused(sound + "port = 4294967297\n", Code::config_value,
                {7, 8, "port is 4294967297, outside of 1 to 65535"});
  check_refused(sound + "[policy]\nserver_days = 0\n", Code::config_value,
                {8, 15, "server_days is 0, outside of 1 to 36500"});
  check_refused(sound + "[policy]\nclient_days = -1\n", Code::config_value,
                {8, 15, "client_days is -1, outside of 1 to 36500"});
  check_refused(sound + "[ssh]\nparallel = 0\n", Code::config_value,
                {8, 12, "parallel is 0, outside of 1 to 1024"});
}

TEST_CASE("nothing lives longer than the authority, and the message names both") {
  check_refused(sound + "[policy]\nauthority_days = 400\nserver_days = 401\n", Code::config_value,
                {9, 15, "server_days (401) is longer than authority_days (400)", "outlives"});
  check_refused(
      sound + "[policy]\nauthority_days = 100\n", Code::config_value,
      {8, 18, "client_days (365, the default) is longer than authority_days (100)", "outlives"});
  check_refused(
      sound + deploy + "kind = \"named\"\ndays = 4000\n", Code::config_value,
      {12, 8, "days (4000) is longer than authority_days (3650, the default)", "outlives"});
  CHECK(parsed(sound + "[policy]\nauthority_days = 365\n").policy.authority_days == 365);
}

TEST_CASE("words of a choice are refused with the nearest") {
  check_refused(
      sound + "[policy]\nrequire = \"certficate\"\n", Code::config_value,
      {8, 11, "require \"certficate\" is none of \"tls\", \"certificate\"", "\"certificate\""});
  check_refused(sound + "[policy]\nmethod = \"trust\"\n", Code::config_value,
                {8, 10, "method \"trust\" is none of \"scram-sha-256\", \"md5\", \"cert\""});
  check_refused(
      sound + deploy + "kind = \"aplication\"\n", Code::config_value,
      {11, 8,
       "kind \"aplication\" is none of \"admin\", \"application\", \"replication\", \"named\"",
       "\"application\""});
  check_refused(sound + "[policy]\nkey_type = \"Ed25519\"\n", Code::config_value,
                {8, 12, "key_type \"Ed25519\" is none of \"P-256\", \"P-384\", \"RSA-3072\"",
                 "Channel binding"});
  check_refused(sound + "[policy]\nkey_type = \"RSA-2048\"\n", Code::config_value,
                {8, 12, "key_type \"RSA-2048\" is none of \"P-256\", \"P-384\", \"RSA-3072\""});
}

TEST_CASE("protocols before TLS 1.2 are refused with the reason") {
  check_refused(sound + "[policy]\nmin_protocol = \"TLSv1.1\"\n", Code::config_value,
                {8, 16, "min_protocol \"TLSv1.1\" is older than TLSv1.2", "RFC 8996"});
  check_refused(
      sound + "[policy]\nmin_protocol = \"TLS1.2\"\n", Code::config_value,
      {8, 16, "min_protocol \"TLS1.2\" is none of \"TLSv1.2\", \"TLSv1.3\"", "\"TLSv1.2\""});
}

TEST_CASE("a passphrase in the configuration is refused and never repeated") {
  check_refused(sound + "[authority]\npassphrase = \"hunter2\"\n", Code::config_value,
                {8, 14, "passphrase takes only \"none\", which leaves the keys unencrypted",
                 "passphrase_file"});
  check_refused(sound + "[authority]\npassphrase = \"none\"\npassphrase_file = \"p\"\n",
                Code::config_value,
                {8, 14, "passphrase and passphrase_file contradict each other", "Keep"});
  const Loaded loaded =
      parse_environment(sound + "[authority]\npassphrase = \"hunter2\"\n", "/x/pgseal.toml");
  CHECK(!loaded.environment.authority.unencrypted);
  for (const auto& text : {loaded.error->message, loaded.error->detail, loaded.error->hint})
    CHECK(text.find("hunter2") == std::string::npos);
  CHECK(parsed(sound + "[authority]\npassphrase = \"none\"\n").authority.unencrypted);
}

TEST_CASE("an identity is a role held by users of hosts") {
  check_refused(sound + "[[identity]]\nhosts = [\"db1\"]\nos_users = [\"a\"]\n", Code::config_value,
                {7, 1, "[[identity]] has no name"});
  check_refused(sound + "[[identity]]\nname = \"a\"\nos_users = [\"a\"]\n", Code::config_value,
                {7, 1, "[[identity]] has no hosts", "held by"});
  check_refused(sound + "[[identity]]\nname = \"a\"\nhosts = [\"db1\"]\nos_users = []\n",
                Code::config_value, {10, 12, "os_users is empty", "held by"});
  check_refused(sound + "[[identity]]\nname = \"a/b\"\nhosts = [\"db1\"]\nos_users = [\"a\"]\n",
                Code::config_value,
                {8, 8, "name \"a/b\" begins with a dot or has a slash", "folder"});
  check_refused(
      sound + "[[identity]]\nname = \"" + std::string(64, 'r') +
          "\"\nhosts = [\"db1\"]\nos_users = [\"a\"]\n",
      Code::config_value,
      {8, 8, "name \"" + std::string(64, 'r') + "\" is longer than the 63 bytes of a role name"});
  check_refused(
      sound + deploy + "[[identity]]\nname = \"a\"\nhosts = [\"db1\"]\nos_users = [\"-a\"]\n",
      Code::config_value, {14, 13, "os_users \"-a\" is no name of an operating system user"});
  check_refused(
      sound + deploy + "networks = [\"10.7.0.0/33\"]\n", Code::config_value,
      {11, 13, "networks \"10.7.0.0/33\" is neither an address nor a network", "pg_hba.conf"});
  check_refused(sound + deploy + "source = \"config.yml\"\n", Code::config_value,
                {11, 10, "source \"config.yml\" is not an absolute path", "on the host"});
  check_refused(sound + deploy + "source = \"/srv/../etc/shadow\"\n", Code::config_value,
                {11, 10, "source \"/srv/../etc/shadow\" goes up by \"..\""});
  check_refused(sound + deploy + "days = 30\n", Code::config_value,
                {11, 8, "days says nothing for kind \"application\"", "client_days"});
}

TEST_CASE("a host that is not declared is refused with the nearest that is") {
  check_refused(
      sound + "[[identity]]\nname = \"a\"\nos_users = [\"a\"]\nhosts = [\"db1\", \"bd1\"]\n",
      Code::config_reference,
      {10, 17, "identity \"a\" names host \"bd1\", which is not declared", "Declare it"});
  check_refused(
      sound + "[[identity]]\nname = \"a\"\nos_users = [\"a\"]\nhosts = [\"@database\"]\n",
      Code::config_reference,
      {10, 10, "identity \"a\" names host \"@database\", which is not declared", "\"@databases\""});
  check_refused(sound + "[[silence]]\ncode = \"a.b\"\nhost = \"db2\"\nreason = \"x\"\n",
                Code::config_reference,
                {9, 8, "silence names host \"db2\", which is not declared", "\"db1\""});
}

TEST_CASE("a name given twice is refused where it is repeated, with the place of the first") {
  check_refused(
      sound + "[[host]]\nname = \"DB1\"\nlink = \"local\"\n", Code::config_duplicate,
      {8, 8, "host \"DB1\" is declared twice", "The first is in \"/x/pgseal.toml\", line 4."});
  check_refused(sound + deploy + deploy, Code::config_duplicate,
                {12, 8, "identity \"deploy\" is declared twice", "line 8."});
}

TEST_CASE("exceptions and silences say why") {
  check_refused(sound + "[[exception]]\nrole = \"a\"\n", Code::config_value,
                {7, 1, "[[exception]] has no reason", "shown"});
  check_refused(sound + "[[exception]]\nreason = \"a\"\n", Code::config_value,
                {7, 1, "[[exception]] has no role"});
  check_refused(sound + "[[silence]]\nreason = \"a\"\n", Code::config_value,
                {7, 1, "[[silence]] has no code"});
  check_refused(sound + "[[silence]]\nreason = \"a\"\ncode = \"trust\"\n", Code::config_value,
                {9, 8, "code \"trust\" is no code of a finding", "hba.trust-local"});
}

TEST_CASE("all problems are told, in the order of their lines") {
  const Loaded loaded = parse_environment(
      sound + "port = 0\nnames = [\"_\", \"-\"]\n[policy]\nx = 1\n[[identity]]\nname = \"a\"\n",
      "/x/pgseal.toml");
  REQUIRE(loaded.findings.size() == 6);
  for (std::size_t index = 1; index < loaded.findings.size(); ++index)
    CHECK(loaded.findings[index - 1].line <= loaded.findings[index].line);
  REQUIRE(loaded.error);
  CHECK(loaded.error->message ==
        "\"/x/pgseal.toml\", line 7, column 8: port is 0, outside of 1 to 65535");
  CHECK(std::count(loaded.error->detail.begin(), loaded.error->detail.end(), '\n') == 4);
}

TEST_CASE("a key of a server on a host without one is a warning and no error") {
  const Loaded loaded = parse_environment(
      sound + "[[host]]\nname = \"app1\"\nlink = \"local\"\nport = 5433\n", "/x/pgseal.toml");
  CHECK(!loaded.error);
  REQUIRE(loaded.findings.size() == 1);
  CHECK(loaded.findings[0].severity == base::Severity::warning);
  CHECK(loaded.findings[0].line == 10);
}

TEST_CASE("included files add hosts and identities in the order of their names") {
  const Folder folder;
  const auto file =
      folder.write("pgseal.toml", "include = [\"ids.d/*.toml\", \"none.d/*\"]\n" + sound);
  folder.write("ids.d/b.toml",
               "[[identity]]\nname = \"b\"\nhosts = [\"db2\"]\nos_users = [\"b\"]\n");
  folder.write("ids.d/a.toml", "[[host]]\nname = \"db2\"\nlink = \"local\"\n" + deploy);
  folder.write("ids.d/README", "not this");
  const auto environment = configuration::load_environment(file);
  REQUIRE(environment);
  CHECK(environment->hosts.size() == 2);
  REQUIRE(environment->identities.size() == 2);
  CHECK(environment->identities[0].name == "deploy");
  CHECK(environment->identities[1].declared_at == base::Place{folder.path("ids.d/b.toml"), 2});
}

TEST_CASE("what is wrong in an included file is told with that file") {
  const Folder folder;
  const auto file = folder.write("pgseal.toml", "include = [\"ids.d/*.toml\"]\n" + sound + deploy);
  folder.write("ids.d/a.toml", "include = [\"x\"]\n[policy]\nrequire = \"tls\"\n" + deploy);
  const Loaded loaded = configuration::read_environment(file);
  REQUIRE(loaded.findings.size() == 3);
  for (const auto& finding : loaded.findings) CHECK(finding.file == folder.path("ids.d/a.toml"));
  CHECK(loaded.findings[0].message == "line 1, column 1: include in an included file");
  CHECK(loaded.findings[1].message == "line 2, column 2: \"policy\" in an included file");
  CHECK(loaded.findings[2].message == "line 5, column 8: identity \"deploy\" is declared twice");
  CHECK(loaded.findings[2].hint == "The first is in \"" + file + "\", line 9.");
  CHECK(loaded.environment.policy.require == fleet::Requirement::certificate);
}

TEST_CASE("a link, a folder or a FIFO in an include is refused and not followed") {
  const Folder folder;
  const auto file = folder.write("pgseal.toml", "include = [\"ids.d/*\"]\n" + sound);
  folder.write("elsewhere.toml", deploy);
  folder.write("ids.d/c/x.toml", deploy);
  std::filesystem::create_symlink(folder.path("elsewhere.toml"), folder.path("ids.d/a.toml"));
  REQUIRE(::mkfifo(folder.path("ids.d/b.toml").c_str(), 0600) == 0);
  const Loaded loaded = configuration::read_environment(file);
  REQUIRE(loaded.findings.size() == 3);
  CHECK(loaded.findings[0].message.find("a.toml\", which is a symbolic link") != std::string::npos);
  CHECK(loaded.findings[1].message.find("b.toml\", which is not a regular file") !=
        std::string::npos);
  CHECK(loaded.findings[2].message.find("ids.d/c\", which is a folder") != std::string::npos);
  CHECK(loaded.findings[0].message.starts_with("line 1, column 12: "));
  CHECK(loaded.environment.identities.empty());
}

TEST_CASE("a plain name in include must be there") {
  const Folder folder;
  const auto file = folder.write("pgseal.toml", "include = [\"more.toml\"]\n" + sound);
  const Loaded loaded = configuration::read_environment(file);
  REQUIRE(loaded.error);
  CHECK(loaded.error->code == Code::config_not_found);
}

TEST_CASE("a configuration that is not there, no file, or too long is an error of exit status 10") {
  const Folder folder;
  CHECK(configuration::load_environment(folder.path("none.toml")).error().code ==
        Code::config_not_found);
  CHECK(configuration::load_environment(folder.path("")).error().code == Code::config_not_found);
  REQUIRE(::mkfifo(folder.path("fifo").c_str(), 0600) == 0);
  CHECK(configuration::load_environment(folder.path("fifo")).error().code ==
        Code::config_not_found);
  const auto long_file =
      folder.write("long.toml", std::string(configuration::configuration_bytes + 1, '\n'));
  const auto loaded = configuration::load_environment(long_file);
  REQUIRE(!loaded);
  CHECK(base::exit_status(loaded.error().code) == 10);
}

TEST_CASE("the template loads as it is written, and in comments shows the defaults") {
  const std::string text = configuration::environment_template("shop");
  const auto environment = parsed(text);
  CHECK(environment.name == "shop");
  CHECK(environment.hosts.size() == 3);
  CHECK(environment.identities.size() == 3);
  // Uncommented, the keys of one line each that show defaults change nothing.
  std::string uncommented;
  for (const auto& key : configuration::configuration_keys()) {
    if (key.standard.starts_with('(') || key.table == "host" || key.table == "identity" ||
        key.table == "exception")
      continue;
    const std::string line = "# " + std::string(key.name) + " = " + std::string(key.standard);
    CAPTURE(line);
    if (key.name != "include") CHECK(text.find(line) != std::string::npos);
  }
}

TEST_CASE("every table and key that the reader knows has a row in the manual") {
  const std::string manual = configuration::configuration_manual();
  for (const auto& key : configuration::configuration_keys()) {
    CHECK(manual.find("| `" + std::string(key.name) + "` | ") != std::string::npos);
    CHECK(key.sentence.ends_with('.'));
  }
  CHECK(manual.find("### `[[host]]`") != std::string::npos);
}

TEST_CASE("no bytes whatever crash the reader") {
  std::mt19937 random(20270331);
  const std::string alphabet = "[]{}=\"'#.,\n\r\t -0123456789abehosttrunlif\\_\xc3\xa4\xff\x00\x1b";
  const std::string whole = configuration::environment_template("shop");
  for (int round = 0; round < 3000; ++round) {
    std::string text;
    if (round % 2 == 0) {
      for (unsigned length = random() % 200; length > 0; --length)
        text += alphabet[random() % alphabet.size()];
    } else {
      text = whole;
      for (int change = 0; change < 3; ++change)
        text[random() % text.size()] = alphabet[random() % alphabet.size()];
    }
    const Loaded loaded = parse_environment(text, "/x/pgseal.toml");
    if (!loaded.error) continue;
    CHECK(loaded.error->code != Code::internal);
    CHECK(base::exit_status(loaded.error->code) == 10);
  }
}
