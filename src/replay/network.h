// SPDX-License-Identifier: PostgreSQL
// Networks as what all their addresses begin with.
#pragma once

#include <string>

#include "admission/intervals.h"

namespace replay {

class Network {
 public:
  /// Of one address.
  explicit Network(const hba::Address& address);

  /// To its first so many bits.
  void cut(int shorter);
  /// To the narrowest that has this address as well, of the same family.
  void widen(const hba::Address& address);
  [[nodiscard]] std::string text() const;

 private:
  hba::Family family_;
  admission::Number first_;
  int length_;
};

/// IPv4 /24, IPv6 /64.
Network neighbourhood(const hba::Address& address);

}  // namespace replay
