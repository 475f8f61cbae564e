// SPDX-License-Identifier: PostgreSQL
// Which networks are told from rules, interfaces and clients, and what holds for any of them.
#include "networks/narrow.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <random>

#include "admission/idle.h"

using networks::Evidence;
using networks::Narrowed;
using networks::Network;
using networks::Source;
using networks::Suggestion;

namespace {

hba::Address address(const std::string& text) {
  const hba::NumericAddress read = hba::read_address(text);
  REQUIRE(read.state == hba::NumericAddress::State::address);
  return read.address;
}

Network network(const std::string& text) {
  const std::size_t slash = text.find('/');
  return networks::cut(networks::of_address(address(text.substr(0, slash))),
                       std::stoi(text.substr(slash + 1)));
}

void seen(Evidence& evidence, const std::string& from, const std::string& role = "app",
          const std::string& application = "web") {
  evidence.sightings.push_back({Source::session, address(from), role, application, false, ""});
}

std::vector<networks::Admitted> admitted(const hba::RuleFile& file, networks::LeftOut& left_out) {
  const admission::Roles roles;
  return networks::admitted_by(file, admission::idle_rules(file, roles, {15, 20}, {}), left_out);
}

void read_rules(Evidence& evidence, const std::string& text) {
  const hba::RuleFile file = hba::read_rules("hba", text, {15, 20}, {}, hba::Files());
  REQUIRE(file.accepted == std::optional(true));
  networks::LeftOut left_out;
  evidence.rules = admitted(file, left_out);
}

using Told = std::vector<std::string>;

/// "10.0.0.0/24 session,rule" of each.
Told told(const Evidence& evidence) {
  Told all;
  for (const Suggestion& each : networks::narrow(evidence).networks) {
    std::string sources;
    for (const Source source : each.sources)
      sources += fmt::format("{}{}", sources.empty() ? "" : ",", to_string(source));
    all.push_back(fmt::format("{} {}", to_string(each.network), sources));
  }
  return all;
}

std::string reason(const Evidence& evidence) {
  const Narrowed made = networks::narrow(evidence);
  REQUIRE(made.networks.size() == 1);
  return made.networks.front().reason;
}

}  // namespace

TEST_CASE("a rule that never decides tells no network, unless what is above it may not catch all") {
  Evidence evidence;
  const std::string shadow = "hostssl all all 10.0.0.0/8 scram-sha-256\n";
  read_rules(evidence, shadow + "hostssl shop app 10.0.5.0/24 scram-sha-256\n");
  CHECK(told(evidence) == Told{"10.0.0.0/8 rule"});
  read_rules(evidence, shadow + "host shop app 10.0.5.0/24 scram-sha-256\n");
  CHECK(told(evidence) == Told{"10.0.0.0/8 rule", "10.0.5.0/24 rule"});
}

TEST_CASE("rules alone tell their networks, rejects and rules without a network none") {
  Evidence evidence;
  const std::string text =
      "local all all peer\nhostssl shop app 10.0.5.0/24 scram-sha-256\n"
      "host replication standby 10.0.6.0 255.255.255.0 scram-sha-256\n"
      "hostnossl all all 10.0.7.0/24 reject\nhost all all all scram-sha-256\n"
      "host all all 0.0.0.0/0 scram-sha-256\nhost all all samenet scram-sha-256\n"
      "host all all 10.0.0.5 255.0.0.255 scram-sha-256\nhost all all fd00::/64 scram-sha-256\n";
  const hba::RuleFile file = hba::read_rules("hba", text, {15, 20}, {}, hba::Files());
  networks::LeftOut left_out;
  evidence.rules = admitted(file, left_out);
  CHECK(told(evidence) == Told{"10.0.5.0/24 rule", "10.0.6.0/24 rule"});
  CHECK(left_out.without_network == Told{"hba:5", "hba:6", "hba:7", "hba:8"});
  CHECK(left_out.idle == Told{"hba:9"});
  const Narrowed made = networks::narrow(evidence);
  CHECK_FALSE(made.networks[0].replication);
  CHECK(made.networks[1].replication);
  CHECK(made.networks[1].roles == std::set<std::string>{"standby"});
  CHECK(made.networks[1].reason == "the network of hba:3, for replication");
}

TEST_CASE("a client alone is told by its address, wherever it is") {
  Evidence evidence;
  seen(evidence, "10.0.5.7");
  seen(evidence, "fd00::7");
  CHECK(told(evidence) == Told{"10.0.5.7/32 session", "fd00::7/128 session"});
  read_rules(evidence, "host all all 10.0.5.0/24 scram-sha-256\nhost all all fd00::/64 trust\n");
  CHECK(told(evidence) == Told{"10.0.5.7/32 rule,session", "fd00::7/128 rule,session"});
}

TEST_CASE("several clients in a rule's subnet make it one, in a wider network not") {
  Evidence evidence;
  seen(evidence, "10.0.5.7");
  seen(evidence, "10.0.5.200");
  read_rules(evidence, "host all all 10.0.5.0/24 scram-sha-256\n");
  CHECK(told(evidence) == Told{"10.0.5.0/24 rule,session"});
  CHECK(reason(evidence) == "2 clients in 10.0.5.0/24 of hba:1");
  read_rules(evidence, "host all all 10.0.0.0/8 scram-sha-256\n");
  CHECK(told(evidence) == Told{"10.0.5.7/32 rule,session", "10.0.5.200/32 rule,session"});
}

TEST_CASE("an interface's network is a subnet even where it is wide, a private range is not") {
  for (const auto& [width, is_one] :
       std::vector<std::pair<std::string, bool>>{{"10.0.0.0/16", true},
                                                 {"192.168.0.0/17", true},
                                                 {"192.168.0.0/16", false},
                                                 {"172.16.0.0/12", false},
                                                 {"10.0.0.0/8", false}}) {
    CAPTURE(width);
    Evidence evidence;
    evidence.interfaces.push_back({"eth0", network(width)});
    const std::string begin = width.substr(0, width.find(".0"));
    seen(evidence, begin + (begin == "10" ? ".0.5.7" : ".5.7"));
    seen(evidence, begin + (begin == "10" ? ".0.9.7" : ".9.7"));
    const Told all = told(evidence);
    if (is_one)
      CHECK(all == Told{width + " interface,session"});
    else
      CHECK(all.size() == 2);
  }
}

TEST_CASE("four neighbours share the narrowest network that has them all, three do not") {
  Evidence evidence;
  for (const char* from : {"10.0.5.16", "10.0.5.19", "10.0.5.21"}) seen(evidence, from);
  CHECK(told(evidence).size() == 3);
  seen(evidence, "10.0.5.30");
  CHECK(told(evidence) == Told{"10.0.5.16/28 session"});
  seen(evidence, "10.0.6.16");
  CHECK(told(evidence) == Told{"10.0.5.16/28 session", "10.0.6.16/32 session"});
}

TEST_CASE("neighbours make room for a narrower network among them") {
  Evidence evidence;
  for (const char* from : {"10.0.5.1", "10.0.5.2", "10.0.5.3", "10.0.5.4", "10.0.5.201"})
    seen(evidence, from);
  seen(evidence, "10.0.5.70");
  seen(evidence, "10.0.5.71");
  read_rules(evidence, "host all all 10.0.5.64/26 scram-sha-256\n");
  CHECK(told(evidence) ==
        Told{"10.0.5.0/29 session", "10.0.5.64/26 rule,session", "10.0.5.201/32 session"});
}

TEST_CASE("an interface counts where nothing narrower is told from it") {
  Evidence evidence;
  evidence.interfaces.push_back({"eth0", network("10.0.5.0/24")});
  CHECK(told(evidence) == Told{"10.0.5.0/24 interface"});
  read_rules(evidence, "host all all 10.0.0.0/8 scram-sha-256\n");
  CHECK(told(evidence) == Told{"10.0.0.0/8 rule"});
  CHECK(reason(evidence) ==
        "the network of hba:1; interface eth0 has 10.0.5.0/24 of it; wider than a subnet");
  seen(evidence, "10.0.5.9");
  CHECK(told(evidence) == Told{"10.0.5.9/32 interface,session"});
  CHECK(reason(evidence) == "one client in 10.0.5.0/24 of interface eth0, alone there");
}

TEST_CASE("an address with many roles or applications behind it is a gateway") {
  Evidence evidence;
  for (const char* role : {"a", "b", "c"}) seen(evidence, "10.0.5.9", role);
  for (int i = 0; i < 8; ++i) seen(evidence, "10.0.5.9", "a", fmt::format("task {}", i));
  CHECK_FALSE(networks::narrow(evidence).networks.front().gateway);
  Evidence of_roles = evidence;
  seen(of_roles, "10.0.5.9", "d");
  CHECK(networks::narrow(of_roles).networks.front().gateway);
  CHECK(reason(of_roles).ends_with(
      "; a gateway: 10.0.5.9 with 4 roles and 9 applications behind it"));
  seen(evidence, "10.0.5.9", "a", "task 8");
  CHECK(networks::narrow(evidence).networks.front().gateway);
}

TEST_CASE("a rule's role that was not seen is not forgotten, one that was is not repeated") {
  Evidence evidence;
  read_rules(evidence,
             "hostssl shop app,report,+staff 10.0.0.0/8 cert\n"
             "hostssl replication standby,app 10.0.0.0/8 cert\n"
             "hostssl all other 10.9.0.0/16 cert\n");
  seen(evidence, "10.0.5.7");
  const auto unseen = [&] {
    Told all;
    for (const networks::Admitted& each : networks::narrow(evidence).unseen)
      all.push_back(fmt::format("{} {}", each.line, fmt::join(each.roles, ",")));
    return all;
  };
  CHECK(unseen() == Told{"1 report", "2 app,standby"});
  CHECK(told(evidence) == Told{"10.0.5.7/32 rule,session", "10.9.0.0/16 rule"});
  evidence.sightings.push_back(
      {Source::session, address("10.0.5.8"), "standby", "", true, "2026-11-30"});
  CHECK(unseen() == Told{"1 report", "2 app"});
  const Narrowed made = networks::narrow(evidence);
  CHECK(made.networks[1].replication);
  CHECK(made.networks[1].last_seen == "2026-11-30");
  CHECK(made.networks[1].reason ==
        "one client in 10.0.0.0/8 of hba:1, hba:2, which is wider than a subnet; replication by "
        "standby");
}

TEST_CASE("many places and roles are named by the first few") {
  Evidence evidence;
  std::string text;
  for (int i = 1; i <= 5; ++i) text += fmt::format("host all app{} 10.0.5.0/24 scram-sha-256\n", i);
  read_rules(evidence, text);
  CHECK(reason(evidence) == "the network of hba:1, hba:2, hba:3 and 2 more");
}

namespace {

/// What may be as wide as that, by the definition itself. A part of a link is left where others
/// took theirs out of it.
bool is_shown(const Evidence& evidence, const Suggestion& made, std::size_t clients) {
  const Network& wide = made.network;
  if (wide.length == hba::bits_of(wide.family)) return true;
  for (const networks::Admitted& rule : evidence.rules)
    if (rule.network == wide) return true;
  for (const networks::Interface& each : evidence.interfaces)
    if (each.network == wide ||
        (clients >= 2 && each.network.length >= 16 && each.network.contains(wide)))
      return true;
  return clients >= 2 && wide.length >= (wide.family == hba::Family::ipv4 ? 24 : 64);
}

Evidence any_evidence(std::mt19937& random) {
  const auto below = [&](unsigned most) { return static_cast<int>(random() % most); };
  const auto any_address = [&] {
    return below(4) == 0 ? fmt::format("fd00::{}:{}", below(2), below(40))
                         : fmt::format("10.0.{}.{}", below(3), below(64));
  };
  const auto any_network = [&](int least) {
    const std::string text = any_address();
    const bool four = text.find(':') == std::string::npos;
    return network(fmt::format("{}/{}", text, (four ? 0 : 96) + least + below(33U - least)));
  };
  Evidence evidence;
  for (int i = below(6); i > 0; --i)
    evidence.rules.push_back({any_network(8), {"app"}, {"app"}, below(2) == 0, true, "hba", i});
  for (int i = below(3); i > 0; --i) evidence.interfaces.push_back({"eth0", any_network(12)});
  for (int i = below(40); i > 0; --i)
    evidence.sightings.push_back({below(2) == 0 ? Source::session : Source::log,
                                  address(any_address()), below(2) == 0 ? "app" : "standby", "",
                                  below(3) == 0, fmt::to_string(below(9))});
  return evidence;
}

}  // namespace

TEST_CASE(
    "every client's address is in exactly one network, and none is wider than what shows it") {
  std::mt19937 random(20261130);
  std::size_t joined = 0;
  for (int round = 0; round < 3000; ++round) {
    const Evidence evidence = any_evidence(random);
    const Narrowed made = networks::narrow(evidence);
    CAPTURE(round);
    for (const networks::Sighting& each : evidence.sightings) {
      std::size_t in = 0;
      for (const Suggestion& suggestion : made.networks)
        if (suggestion.network.contains(networks::of_address(each.address))) {
          ++in;
          CHECK(suggestion.roles.contains(each.role));
          CHECK(suggestion.sources.contains(each.source));
          CHECK((!each.replication || suggestion.replication));
          CHECK(suggestion.last_seen >= each.last_seen);
        }
      CHECK(in == 1);
    }
    for (const Suggestion& suggestion : made.networks) {
      std::set<Network> clients;
      for (const networks::Sighting& each : evidence.sightings)
        if (suggestion.network.contains(networks::of_address(each.address)))
          clients.insert(networks::of_address(each.address));
      if (clients.size() > 1) ++joined;
      CHECK(is_shown(evidence, suggestion, clients.size()));
      CHECK_FALSE(suggestion.reason.empty());
    }
  }
  CHECK(joined > 500);
}

TEST_CASE("the order of what is known changes nothing") {
  std::mt19937 random(7);
  for (int round = 0; round < 300; ++round) {
    Evidence evidence = any_evidence(random);
    const Told before = told(evidence);
    std::shuffle(evidence.sightings.begin(), evidence.sightings.end(), random);
    std::shuffle(evidence.rules.begin(), evidence.rules.end(), random);
    CHECK(told(evidence) == before);
  }
}

TEST_CASE("a network is read from address and mask, and joined with others bit by bit") {
  const auto text = [](const Network& one) { return to_string(one); };
  CHECK(text(joined(network("10.0.5.4/32"), network("10.0.5.7/32"))) == "10.0.5.4/30");
  CHECK(text(joined(network("0.0.0.0/32"), network("255.0.0.0/8"))) == "0.0.0.0/0");
  CHECK(text(joined(network("::/128"), network("8000::/128"))) == "::/0");
  CHECK(text(joined(network("fd00::1/128"), network("fd00::1/128"))) == "fd00::1/128");
  CHECK(network("10.0.0.0/8").contains(network("10.255.255.255/32")));
  CHECK_FALSE(network("10.0.0.0/8").contains(network("0.0.0.0/0")));
  CHECK_FALSE(network("10.0.0.0/8").contains(network("::/128")));
}
