// SPDX-License-Identifier: PostgreSQL
// [[silence]]: findings that a person accepts. Only what is shown and the exit status change;
// whatever a finding blocks stays blocked, because plans are made before anything is silenced.
#pragma once

#include <cstddef>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "fleet/environment.h"

namespace audit {

class Silencer {
 public:
  Silencer(const std::vector<fleet::Silence>& silences, base::Time at);

  /// Takes out of `findings` what is accepted; `host` is where those happened that name none.
  void take_from(base::Findings& findings, std::string_view host = "");

  /// What is to be said instead: how many were taken out and why, and which silence has ended.
  [[nodiscard]] base::Findings notes() const;

 private:
  struct Rule {
    const fleet::Silence* silence;
    bool ended;
    std::size_t taken = 0;
  };
  std::vector<Rule> rules_;
};

}  // namespace audit
