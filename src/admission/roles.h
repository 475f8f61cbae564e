// SPDX-License-Identifier: PostgreSQL
// Who is a member of whom, as "+group" and "samerole" ask (src/backend/utils/adt/acl.c,
// is_member_of_role_nosuper): along every edge, whatever its options, superusers not excepted.
#pragma once

#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>

#include "base/result.h"

namespace admission {

class Roles {
 public:
  /// Nothing is known: only that each role is a member of itself.
  Roles() = default;

  /// Lines "member group", names quoted as in pg_hba.conf, "#" begins a comment. The list is
  /// complete: a role it does not name is in no group. Error parse names file and line.
  static base::Result<Roles> parse(const std::string& file, std::string_view text);

  /// Directly or through others; null where no list was given.
  [[nodiscard]] std::optional<bool> is_member(const std::string& role,
                                              const std::string& group) const;

  [[nodiscard]] bool known() const { return known_; }
  /// Every group that a role is in, through others too; not itself.
  [[nodiscard]] std::set<std::string> groups_of(const std::string& role) const;
  /// Every role that is in some group.
  [[nodiscard]] std::vector<std::string> members() const;
  /// All there are: each member with the groups that it is in directly.
  static Roles of_all(std::map<std::string, std::set<std::string>> groups);
  /// Only this one is known to be in any group.
  static Roles of_one(const std::string& role, const std::set<std::string>& groups);

 private:
  bool known_ = false;
  std::map<std::string, std::set<std::string>> groups_;  ///< of each member, direct ones
};

}  // namespace admission
