// SPDX-License-Identifier: PostgreSQL
// The doors to the outside world: what operations need of it, without knowing how it is done. Floor
// four implements them; tests put worlds in memory behind them.
#pragma once

#include <memory>

#include "base/result.h"
#include "fleet/act.h"
#include "fleet/environment.h"
#include "fleet/facts.h"

namespace fleet {

/// An open conversation with the node on one host. Used by one thread at a time.
class Conversation {
 public:
  Conversation() = default;
  Conversation(const Conversation&) = delete;
  Conversation& operator=(const Conversation&) = delete;
  virtual ~Conversation() = default;

  virtual base::Result<HostFacts> observe() = 0;
  virtual base::Result<Answer> perform(const Act& act) = 0;
  virtual base::Result<ConnectReport> connect(const ConnectQuery& query) = 0;
  virtual base::Result<ServedFacts> handshake(const HandshakeQuery& query) = 0;
};

/// Opens conversations; safe to call from several threads.
class Links {
 public:
  Links() = default;
  Links(const Links&) = delete;
  Links& operator=(const Links&) = delete;
  virtual ~Links() = default;

  /// Errors: link_*, protocol_*. One connection, kept until the conversation is destroyed.
  virtual base::Result<std::unique_ptr<Conversation>> open(const Host& host,
                                                           const Brief& brief) = 0;
  /// How clients reach the host where its configuration does not say. Asks no host.
  virtual base::Result<std::string> address_of(const Host& host) = 0;
};

/// Asks a server from outside.
class Prober {
 public:
  Prober() = default;
  Prober(const Prober&) = delete;
  Prober& operator=(const Prober&) = delete;
  virtual ~Prober() = default;

  /// Never an error: what went wrong is a fact (`answered`, `problem`).
  virtual ServedFacts handshake(const HandshakeQuery& query) = 0;
};

}  // namespace fleet
