// SPDX-License-Identifier: PostgreSQL
// Values found by a key for a user and one for a database, of which a rule and a connection have
// several each.
#pragma once

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace admission {

template <class Value>
class ByNames {
 public:
  using Keys = std::vector<std::uint32_t>;

  /// Visits the value of each user with each database; a new one where there was none.
  template <class Visit>
  void for_all(const Keys& users, const Keys& databases, const Visit& visit) {
    for (const std::uint32_t user : users)
      for (const std::uint32_t database : databases) visit(values_[place(user, database)]);
  }

  /// Only those that are there.
  template <class Visit>
  void for_known(const Keys& users, const Keys& databases, const Visit& visit) const {
    for (const std::uint32_t user : users)
      for (const std::uint32_t database : databases)
        if (const auto found = values_.find(place(user, database)); found != values_.end())
          visit(found->second);
  }

 private:
  static std::uint64_t place(std::uint32_t user, std::uint32_t database) {
    return (static_cast<std::uint64_t>(user) << 32U) | database;
  }

  std::unordered_map<std::uint64_t, Value> values_;
};

}  // namespace admission
