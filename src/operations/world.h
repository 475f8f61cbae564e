// SPDX-License-Identifier: PostgreSQL
// The world as operations see it: doors, a clock, somebody who listens. Built once in main and
// handed down.
#pragma once

#include <chrono>
#include <functional>
#include <string>

#include "base/finding.h"
#include "base/result.h"
#include "base/secret.h"
#include "base/time.h"
#include "fleet/doors.h"
#include "planning/plan.h"

namespace operations {

/// Hears what goes on while an operation runs; called from several threads.
class Listener {
 public:
  Listener() = default;
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;
  virtual ~Listener() = default;

  virtual void host_asked(const std::string& host, std::size_t done, std::size_t total) = 0;
  virtual void phase_begins(planning::Phase phase, std::size_t steps) = 0;
  virtual void step_ends(const planning::Step& step, const std::string& text) = 0;
};

struct World {
  fleet::Links& links;
  fleet::Prober& prober;
  Listener& listener;
  std::function<base::Time()> now;
  std::function<bool()> interrupted;  ///< true once a Ctrl-C came: the act in hand is the last
  std::function<void(std::chrono::milliseconds)> pause;  ///< between two looks at one thing
};

/// Who is at work, for the ledger's lock and its audit log.
struct Operator {
  std::string user;
  std::string host;
  int pid = 0;
  std::string command;  ///< "apply"
  std::string reason;   ///< --reason
};

/// Where the authorities' passphrase comes from: asked at most once, only when a key is needed.
/// `confirm` is true where a new one is chosen.
using PassphraseSource = std::function<base::Result<base::Secret>(bool confirm)>;

}  // namespace operations
