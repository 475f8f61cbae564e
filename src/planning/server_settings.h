// SPDX-License-Identifier: PostgreSQL
// What a server is told and what it does: ssl.conf as written, the settings as running, the
// certificate as served. Three things that must agree, and PostgreSQL itself does not say when they
// do not (a failed reload keeps the old context and shows the new value).
#pragma once

#include <optional>
#include <string>

#include "fleet/act.h"
#include "planning/world.h"
#include "settings/tls_settings.h"

namespace planning {

/// The two things that a phase may have to do to a server; null: nothing, else the reason.
struct SettingsJudgement {
  std::optional<std::string> write;
  std::optional<std::string> reload;
};

/// `want` as ssl.conf shall say it, from the slot's folder.
settings::SslConf wanted_conf(const fleet::SlotFacts& slot, const fleet::TlsSettings& want);

/// Judges a running server. `client_trust` of `want` says whether ssl_ca_file shall be ours by now.
SettingsJudgement judge_settings(const HostView& host, const fleet::TlsSettings& want);

/// Why what is served is not what lies on disk, or null (also where nobody could ask).
std::optional<std::string> served_differs(const HostView& host, bool client_trust);

/// True where ssl_ca_file is ours, as running or as written.
bool trusts_ours(const HostView& host);

/// True where the server asks for certificates of other authorities than those in its slot. What it
/// loaded stays in its memory whatever its file says by now. Its handshake names the authorities
/// (RFC 8446 4.2.4; PostgreSQL's be-secure-openssl.c sends the file's subjects).
bool loaded_others(const HostView& host);

/// True where a handshake from outside showed exactly the certificate that lies on disk.
bool serves_own(const HostView& host);

}  // namespace planning
