// SPDX-License-Identifier: PostgreSQL
// What rules would do to sessions that exist, if they came anew.
#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "admission/explain.h"
#include "replay/sessions.h"

namespace replay {

enum class Fate : std::uint8_t {
  refused,            ///< by a rule, by none, or for want of a certificate
  unknown,            ///< only the server can tell
  asked_differently,  ///< let in to another method than the one that the log names
  not_on_tls,         ///< let in over TCP without any TLS
  never_authenticated,
  unchanged,
};
constexpr std::size_t fates = 6;

/// Sessions of one role, database, application and neighbourhood (IPv4 /24, IPv6 /64) that the same
/// rule treats alike, and the same former one.
struct Group {
  Fate fate = Fate::unchanged;
  admission::Decision decision;  ///< of the first of them
  std::string role;
  std::string database;  ///< "replication" of physical replication
  /// The narrowest that has all of them; "local": sockets; "" where it is not told.
  std::string network;
  std::string application;  ///< "" where it was not told
  std::uint64_t count = 0;
  std::string first_seen;  ///< the least and the greatest of the list's, as texts
  std::string last_seen;
  std::optional<FormerRule> former;
};

/// What there is to say of any number of sessions.
struct Report {
  /// The worst first, then the most frequent.
  std::vector<Group> groups;
  /// Sessions of each fate in groups beyond the first so many.
  std::array<std::uint64_t, fates> more{};
};

/// Gathers sessions one by one; holds at most `most` groups of each fate.
class Gathering {
 public:
  static constexpr std::size_t usual = 10'000;

  explicit Gathering(const admission::Rules& rules, std::size_t most = usual);
  Gathering(const Gathering&) = delete;
  Gathering& operator=(const Gathering&) = delete;
  ~Gathering();

  void add(const Session& session);
  Report report() &&;

 private:
  struct Kept;
  const admission::Rules& rules_;
  std::size_t most_;
  std::unique_ptr<Kept> kept_;
};

/// All of a list, however many groups they are.
std::vector<Group> replay(const std::vector<Session>& sessions, const admission::Rules& rules);

/// Whether none is refused, perhaps refused or asked for something else than before.
bool all_let_in(const std::vector<Group>& groups);

/// "refused", "not on TLS", …
const char* to_string(Fate fate);

}  // namespace replay
