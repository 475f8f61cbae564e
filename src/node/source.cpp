// SPDX-License-Identifier: PostgreSQL
#include "node/source.h"

#include "base/fd.h"
#include "base/pack.h"
#include "host/child.h"

namespace node {
namespace {

using base::Result;
using settings::ApplicationConnection;
using Connections = std::vector<ApplicationConnection>;

constexpr std::size_t source_bytes = 262144;
constexpr std::chrono::seconds source_deadline{5};
constexpr std::size_t connection_fields = 6;

/// Read and understood in the child: whoever can write the file speaks to a process that is no more
/// than its own user.
Result<std::string> packed_connections(const std::string& path) {
  const std::string text = TRY(base::read_file(path, source_bytes));
  std::vector<std::string> items;
  for (const ApplicationConnection& one : TRY(settings::parse_application_settings(path, text)))
    for (const std::string* field :
         {&one.where, &one.host, &one.port, &one.database, &one.user, &one.sslmode})
      items.push_back(*field);
  return base::pack(items);
}

Result<Connections> unpacked(std::string_view packed) {
  const std::vector<std::string> items = TRY(base::unpack(packed));
  Connections connections;
  for (std::size_t i = 0; i + connection_fields <= items.size(); i += connection_fields)
    connections.push_back(
        {items[i], items[i + 1], items[i + 2], items[i + 3], items[i + 4], items[i + 5]});
  return connections;
}

Result<Connections> connections_of(const fleet::SourceOrder& order) {
  const host::OsUser user = TRY(host::find_user(order.os_user));
  const std::string packed =
      TRY(host::as_user(user, source_deadline, [&] { return packed_connections(order.path); }));
  return unpacked(packed);
}

}  // namespace

fleet::SourceFacts read_source(const fleet::SourceOrder& order) {
  fleet::SourceFacts facts{order.identity, order.os_user, order.path, "", {}};
  auto connections = connections_of(order);
  if (connections)
    facts.connections = std::move(*connections);
  else
    facts.problem = connections.error().message;
  return facts;
}

}  // namespace node
