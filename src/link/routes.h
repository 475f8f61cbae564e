// SPDX-License-Identifier: PostgreSQL
// Which way to a host, by its `link`: "local" is the engine in this process, "ssh:…" is ssh.
#pragma once

#include <memory>

#include "fleet/doors.h"
#include "link/serve.h"

namespace links {

class RoutingLinks : public fleet::Links {
 public:
  /// `remote` takes every link that begins with "ssh:".
  RoutingLinks(OpenEngine local, std::unique_ptr<fleet::Links> remote);

  /// Error config_value for a link that is neither; else those of the way taken.
  base::Result<std::unique_ptr<fleet::Conversation>> open(const fleet::Host& host,
                                                          const fleet::Brief& brief) override;
  /// A local host without an address is "localhost": its clients are on it.
  base::Result<std::string> address_of(const fleet::Host& host) override;

 private:
  OpenEngine local_;
  std::unique_ptr<fleet::Links> remote_;
};

}  // namespace links
