// SPDX-License-Identifier: PostgreSQL
// What the server's log says after a reload. A TLS context that could not be loaded shows nowhere
// else on the host: SQL shows the new settings while the old context serves on. Pure.
#pragma once

#include <string>
#include <string_view>

namespace server {

struct ReloadLog {
  std::string lines;         ///< those that speak of TLS or of what was not reloaded; foreign text
  bool tls_refused = false;  ///< "SSL configuration was not reloaded"
  bool rules_refused = false;  ///< pg_hba.conf or pg_ident.conf
};

/// Reads log text, stderr, csv or JSON form. Lines that show connection strings or a passphrase
/// command are left out, because the log repeats a changed setting's value; other values that look
/// like secrets are masked. The texts are the server's English ones: where lc_messages is another
/// language, only `lines` tells, and the handshake from outside.
ReloadLog read_reload_log(std::string_view text);

}  // namespace server
