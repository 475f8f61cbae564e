// SPDX-License-Identifier: PostgreSQL
#include "link/routes.h"

#include <fmt/format.h>

namespace links {

RoutingLinks::RoutingLinks(OpenEngine local, std::unique_ptr<fleet::Links> remote)
    : local_(std::move(local)), remote_(std::move(remote)) {}

base::Result<std::unique_ptr<fleet::Conversation>> RoutingLinks::open(const fleet::Host& host,
                                                                      const fleet::Brief& brief) {
  if (host.link == "local") return local_(brief);
  if (host.link.starts_with("ssh:")) return remote_->open(host, brief);
  return base::error(
      base::Code::config_value,
      fmt::format("the link of \"{}\" is neither \"local\" nor \"ssh:DESTINATION\"", host.name));
}

base::Result<std::string> RoutingLinks::address_of(const fleet::Host& host) {
  if (!host.address.empty()) return host.address;
  if (host.link == "local") return std::string("localhost");
  return remote_->address_of(host);
}

}  // namespace links
