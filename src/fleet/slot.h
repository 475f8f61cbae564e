// SPDX-License-Identifier: PostgreSQL
// A slot is the name of a place for a key pair. Acts name slots, never paths: the paths follow from
// the slot on the host itself, so that no message can point anywhere else.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace fleet {

enum class SlotKind { server, client };

/// Where a client's pair lies: `home` is ~/.postgresql, which libpq finds by itself; `environment`
/// is ~/.postgresql/pgseal/ENVIRONMENT/ROLE, for a second identity or environment of one OS user.
enum class SlotPlace { home, environment };

struct Slot {
  SlotKind kind = SlotKind::client;
  std::string name;     ///< server: the host's name; client: the identity's
  std::string os_user;  ///< client only
  SlotPlace place = SlotPlace::home;

  auto operator<=>(const Slot&) const = default;
};

/// The files of a server slot, in its folder /etc/pgseal/server/HOST.
inline constexpr std::string_view server_pair_file = "server.pem";
inline constexpr std::string_view server_trust_file = "clients.crt";
inline constexpr std::string_view server_settings_file = "ssl.conf";

/// The files of a client slot, as libpq names them (libpq-ssl).
inline constexpr std::string_view client_certificate_file = "postgresql.crt";
inline constexpr std::string_view client_key_file = "postgresql.key";
inline constexpr std::string_view client_trust_file = "root.crt";

Slot server_slot(std::string host);
Slot client_slot(std::string identity, std::string os_user, SlotPlace place = SlotPlace::home);

/// "server:db1", "client:deploy@deploy": what is printed, logged and kept in the ledger.
std::string to_string(const Slot& slot);
const char* to_string(SlotPlace place);

}  // namespace fleet
