// SPDX-License-Identifier: PostgreSQL
// Values found by a key for a user and one for a database, of which a rule and a connection have
// several each.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>
#include <vector>

#include "hba/tokens.h"

namespace admission {

/// One token of a rule.
using Key = std::uint32_t;

/// Keys of words of the language; those of names and expressions begin at `first_key`.
enum : Key { any_key, same_user_key, same_role_key, replication_key, first_key };

/// Of a database's word; null: the token is none.
inline std::optional<Key> word_key(const hba::Token& token) {
  if (token.is("all")) return any_key;
  if (token.is("sameuser")) return same_user_key;
  if (token.is_same_role()) return same_role_key;
  if (token.is("replication")) return replication_key;
  return std::nullopt;
}

template <class Value>
class ByNames {
 public:
  using Keys = std::vector<Key>;

  /// Visits the value of each user with each database; a new one where there was none.
  template <class Visit>
  void for_all(const Keys& users, const Keys& databases, const Visit& visit) {
    for (const Key user : users)
      for (const Key database : databases) visit(values_[place(user, database)]);
  }

  /// Only those that are there.
  template <class Visit>
  void for_known(const Keys& users, const Keys& databases, const Visit& visit) const {
    for (const Key user : users)
      for (const Key database : databases)
        if (const auto found = values_.find(place(user, database)); found != values_.end())
          visit(found->second);
  }

 private:
  static std::uint64_t place(Key user, Key database) {
    return (static_cast<std::uint64_t>(user) << 32U) | database;
  }

  std::unordered_map<std::uint64_t, Value> values_;
};

}  // namespace admission
