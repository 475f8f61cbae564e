// SPDX-License-Identifier: PostgreSQL
// The narrowest sensible networks to write into rules, from what shows where clients come from:
// rules that let them in, interfaces of the server's machine, connections that authenticated. An
// attempt that failed is none of them, for anybody can make one.
#pragma once

#include <cstdint>
#include <set>
#include <string>
#include <vector>

#include "hba/rule_file.h"
#include "networks/network.h"

namespace networks {

enum class Source : std::uint8_t { rule, interface, session, log };

/// Connections that authenticated and look alike. One over a socket comes from nowhere and is none.
struct Sighting {
  Source source = Source::session;
  hba::Address address;
  std::string role;
  std::string application;   ///< "" where it was not told
  bool replication = false;  ///< physical
  std::string last_seen;     ///< "" where it was not told; the greatest of several is kept
};

struct Interface {
  std::string name;
  Network network;
};

/// What a rule of FILE lets in from a network.
struct Admitted {
  Network network;
  std::set<std::string> roles;  ///< as the rule has them, "all" and "+group" too
  std::set<std::string> named;  ///< of those the ones that are one role
  bool replication = false;     ///< it is about physical replication
  bool databases = false;       ///< it is about databases
  std::string file;
  int line = 0;
};

/// Places of rules that let in over TCP and tell no network.
struct LeftOut {
  std::vector<std::string> without_network;  ///< all, samenet, a host's name …
  std::vector<std::string> idle;             ///< rules above them catch all that they are about
};

/// Of rules that let in over TCP; `idle`: admission::idle_rules of that file.
std::vector<Admitted> admitted_by(const hba::RuleFile& file, const std::vector<bool>& idle,
                                  LeftOut& left_out);

struct Evidence {
  std::vector<Sighting> sightings;
  std::vector<Admitted> rules;
  std::vector<Interface> interfaces;
};

struct Suggestion {
  Network network;
  std::set<std::string> roles;  ///< who was seen there; where nobody was, those of the rules
  std::set<Source> sources;
  bool gateway = false;  ///< an address in it has many clients behind it
  bool replication = false;
  std::string last_seen;
  std::string reason;  ///< has foreign text
};

struct Narrowed {
  std::vector<Suggestion> networks;  ///< by address
  /// Rules in whose network somebody was seen, but not these roles of theirs, or not at
  /// replication: what was seen does not show where they come from.
  std::vector<Admitted> unseen;
};

/// Each sighting's address is in exactly one network. None is wider than what shows it: a network
/// of a rule or an interface, or the neighbourhood (IPv4 /24, IPv6 /64) of several clients. Takes n
/// log n.
Narrowed narrow(const Evidence& evidence);

/// "rule", "interface", "session", "log"
const char* to_string(Source source);

}  // namespace networks
