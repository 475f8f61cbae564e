// SPDX-License-Identifier: PostgreSQL
// The engine: what a conversation with one host is answered by, in the node there or, for the
// controller's own host, in process. Observing needs no lock and changes nothing; each act
// holds the host's lock as long as it lasts and no longer: a node whose controller was cut off may
// wait for its next request for hours before sshd notices.
#pragma once

#include <memory>

#include "base/result.h"
#include "fleet/doors.h"
#include "host/host_lock.h"
#include "server/server.h"
#include "slots/slots.h"

namespace node {

class Engine : public fleet::Conversation {
 public:
  /// Errors: refused_preflight where it is not root that runs; server_library. `prober` outlives
  /// the engine.
  static base::Result<std::unique_ptr<Engine>> make(const fleet::Brief& brief,
                                                    fleet::Prober& prober,
                                                    slots::HostWorld world = {});

  base::Result<fleet::HostFacts> observe() override;
  base::Result<fleet::Answer> perform(const fleet::Act& act) override;
  base::Result<fleet::ConnectReport> connect(const fleet::ConnectQuery& query) override;
  base::Result<fleet::ServedFacts> handshake(const fleet::HandshakeQuery& query) override;

 private:
  Engine(const fleet::Brief& brief, fleet::Prober& prober, slots::HostWorld world);

  base::Result<fleet::Answer> mark_host(const fleet::Act& act);
  base::Result<fleet::Answer> make_key(const fleet::Act& act);
  base::Result<fleet::Answer> install_certificate(const fleet::Act& act);
  base::Result<fleet::Answer> install_trust(const fleet::Act& act);
  base::Result<fleet::Answer> write_server_settings(const fleet::Act& act);
  base::Result<fleet::Answer> reload(const fleet::Act& act);
  base::Result<fleet::Answer> archive_slot(const fleet::Act& act);
  base::Result<fleet::Answer> write_replication(const fleet::Act& act);
  base::Result<fleet::Answer> reconnect_walreceiver(const fleet::Act& act);

  [[nodiscard]] bool concerns_this_host(const fleet::Slot& slot) const;
  void observe_mark(fleet::HostFacts& facts) const;
  void observe_slots(fleet::HostFacts& facts);

  fleet::Brief brief_;
  fleet::Prober& prober_;
  slots::HostWorld world_;
  server::Server server_;
  slots::Slots slots_;
};

}  // namespace node
