// SPDX-License-Identifier: PostgreSQL
// Copies, one machine twice, and links that lead elsewhere: the smallest facts that show each.
#include "audit/mistaken.h"

#include <doctest/doctest.h>

#include <algorithm>

namespace {

const fleet::Mark ours{"e-1", "l-1", 7, ""};

/// Two hosts, each as it should be: named, addressed and running apart.
struct Pair {
  fleet::Environment environment;
  std::vector<fleet::HostFacts> facts;

  Pair() {
    environment.name = "shop";
    for (const int number : {1, 2}) {
      const std::string digit = std::to_string(number);
      fleet::Host host;
      host.name = "db" + digit;
      host.address = "192.0.2.1" + digit;
      host.link = "ssh:" + host.name;
      environment.hosts.push_back(host);
      fleet::HostFacts seen;
      seen.host = host.name;
      seen.machine_id = "machine " + digit;
      seen.running_machine = "boot " + digit;
      seen.hostname = host.name;
      seen.addresses = {host.address};
      facts.push_back(seen);
    }
  }

  void mark(std::size_t index, const std::string& name) {
    facts[index].mark = ours;
    facts[index].mark->host = name;
  }

  /// "host code", of all findings.
  [[nodiscard]] std::vector<std::string> says(bool take_over = false) const {
    std::vector<audit::Answered> answers;
    for (std::size_t i = 0; i < facts.size(); ++i)
      answers.push_back({&environment.hosts[i], &facts[i]});
    std::vector<std::string> said;
    for (const auto& found : audit::mistaken_hosts(environment, answers, ours, take_over))
      said.push_back(found.host + " " + found.code);
    std::sort(said.begin(), said.end());
    return said;
  }
};

using Said = std::vector<std::string>;
const Said both_mistaken{"db1 host.mistaken", "db2 host.mistaken"};
const Said both_copied{"db1 host.copied", "db2 host.copied"};

}  // namespace

TEST_CASE("hosts that are the ones declared are not mistaken") {
  Pair pair;
  CHECK(pair.says() == Said{});
  pair.mark(0, "db1");
  pair.mark(1, "db2");
  CHECK(pair.says() == Said{});
}

TEST_CASE("one machine-id on two running systems is a copy, until each is marked with its name") {
  Pair pair;
  pair.facts[1].machine_id = pair.facts[0].machine_id;
  CHECK(pair.says() == both_copied);
  CHECK(pair.says(true) == Said{});
  pair.mark(0, "db1");
  CHECK(pair.says() == both_copied);
  pair.mark(1, "db2");
  CHECK(pair.says() == Said{});
}

TEST_CASE(
    "hosts without a machine-id, or with one that waits for its first boot, are not compared") {
  for (const char* none : {"", "uninitialized"}) {
    Pair pair;
    for (auto& facts : pair.facts) facts.machine_id = none;
    CHECK(pair.says() == Said{});
  }
}

TEST_CASE("where it is unknown which system runs, one machine-id is a copy all the same") {
  Pair pair;
  pair.facts[1].machine_id = pair.facts[0].machine_id;
  for (auto& facts : pair.facts) facts.running_machine.clear();
  CHECK(pair.says() == both_copied);
}

TEST_CASE("two links to one running system: only what its mark names is right") {
  Pair pair;
  pair.facts[1] = pair.facts[0];
  CHECK(pair.says(true) == Said{"db1 host.same-machine", "db2 host.same-machine"});
  pair.mark(0, "db1");
  pair.mark(1, "db1");
  CHECK(pair.says(true) == Said{"db2 host.same-machine"});
}

TEST_CASE("a mark that names another declared host is not taken over, one that names none is") {
  Pair pair;
  pair.mark(0, "db2");
  CHECK(pair.says() == Said{"db1 host.mistaken"});
  CHECK(pair.says(true) == Said{"db1 host.mistaken"});
  pair.mark(0, "old-name");
  CHECK(pair.says() == Said{"db1 host.mistaken"});
  CHECK(pair.says(true) == Said{});
}

TEST_CASE("another ledger's mark names nobody here") {
  Pair pair;
  pair.mark(0, "db2");
  pair.facts[0].mark->ledger_id = "l-2";
  CHECK(pair.says() == Said{});
}

TEST_CASE(
    "unmarked hosts are mistaken where one has the other's address, or its name, and not its own "
    "address") {
  Pair by_address;
  for (auto& facts : by_address.facts) facts.hostname = "localhost";
  std::swap(by_address.facts[0].addresses, by_address.facts[1].addresses);
  CHECK(by_address.says() == both_mistaken);
  CHECK(by_address.says(true) == Said{});
  for (auto& facts : by_address.facts)
    facts.addresses = {"192.0.2.11",
                       "192.0.2.12"};  // both have both: a shared address tells nothing
  CHECK(by_address.says() == Said{});

  Pair by_name;
  std::swap(by_name.facts[0].hostname, by_name.facts[1].hostname);
  CHECK(by_name.says() == Said{});
  for (auto& host : by_name.environment.hosts) host.address = "gateway.example";
  CHECK(by_name.says() == both_mistaken);
  by_name.facts[0].hostname = "db2.example";
  CHECK(by_name.says() == both_mistaken);
}

TEST_CASE("unmarked hosts behind a translation, called as nobody is, are believed") {
  Pair pair;
  for (auto& facts : pair.facts) {
    facts.hostname = "ip-10-0-0-1";
    facts.addresses = {"10.0.0.1"};
  }
  CHECK(pair.says() == Said{});
}
