// SPDX-License-Identifier: PostgreSQL
// The first invariant for thousands of hosts: who is served, by the authorities alone. What each
// server serves and trusts as loaded (one that is down: as it would start), and what each client
// presents and trusts, are compared at the ends of phases; hosts that went the same way are one.
#pragma once

#include <map>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fakes/world.h"

namespace simulation {

using AuthorityIds = std::set<std::string>;  ///< fingerprints

struct ClientAuthorities {
  AuthorityIds trusts;
  AuthorityIds presents;  ///< who vouches for its certificate; none where it has none
  bool has_pair = false;
  auto operator<=>(const ClientAuthorities&) const = default;
};

struct ServerAuthorities {
  bool tls = false;
  bool asks = false;
  AuthorityIds serves;
  AuthorityIds trusts;
  auto operator<=>(const ServerAuthorities&) const = default;
};

/// What a client of this kind gets from a server of that one; the more the better.
enum class Level { refused, plaintext, encrypted, verified, certified };
Level level(const ClientAuthorities& client, const ServerAuthorities& server);

class AuthorityWatch {
 public:
  explicit AuthorityWatch(fakes::World& world) : world_(world) { look(); }

  /// The end of a phase: nobody gets less than when this was asked last.
  void phase_ends();
  /// Nothing is left to do: everybody verifies everybody.
  void all_proven();

  [[nodiscard]] const std::vector<std::string>& broken() const { return broken_; }
  [[nodiscard]] int phases() const { return phases_; }
  /// Pairs of kinds that were compared.
  [[nodiscard]] long compared() const { return compared_; }

 private:
  void look();
  [[nodiscard]] std::map<std::string, fakes::Loaded> loaded() const;
  AuthorityIds known(const std::string& bundle);
  AuthorityIds signers(const std::string& leaf);

  fakes::World& world_;
  std::map<std::string, ClientAuthorities> clients_;  ///< by host and slot
  std::map<std::string, ServerAuthorities> servers_;  ///< by host
  std::map<std::string, x509::Certificate> authorities_;
  std::map<std::string, AuthorityIds> bundles_;
  std::map<std::string, AuthorityIds> leaves_;
  std::vector<std::string> broken_;
  int phases_ = 0;
  long compared_ = 0;
};

}  // namespace simulation
