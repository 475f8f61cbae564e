// SPDX-License-Identifier: PostgreSQL
// What PostgreSQL 10 to 18 call their TLS settings (runtime-config-connection, "SSL"), once, in one
// table; and ssl.conf, the file of ours that sets them, as text and back.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace settings {

inline constexpr int oldest_major = 10;
inline constexpr int newest_major = 18;  ///< newest one measured; later ones are taken as this one

/// How a changed value takes effect (pg_settings.context).
enum class Context { internal, postmaster, sighup };

struct TlsSetting {
  std::string_view name;
  int first_major;                 ///< 10: that old or older
  int last_major;                  ///< 0: still there
  std::string_view default_value;  ///< of the newest version, see `default_of`
  Context context;
  bool ours;                 ///< may stand in our ssl.conf, so that another assignment matters
  std::string_view meaning;  ///< what it means for us, one sentence
};

/// All rows, by name. A test walks them.
std::span<const TlsSetting> tls_settings();
/// The row of `name` (any case) if `major` has this setting; else null.
const TlsSetting* tls_setting(int major, std::string_view name);
/// True for the settings that our ssl.conf may hold, in any version. `name` in any case.
bool ours(std::string_view name);
/// True where pg_file_settings' `error` is of that one value alone: it keeps no other setting from
/// being applied, as any other error does (guc-file.l of the server's source).
bool value_refused(std::string_view error);
/// What the server takes if nobody sets it, for the defaults that changed between versions too.
std::string_view default_of(int major, const TlsSetting& setting);

/// 15 for server_version_num 150020; 9 for 90624.
int major_of(int server_version_num);
/// Error (server_settings) for versions before 10, where a change of TLS needed a restart.
base::Result<void> supported(int major);

/// True where a new value counts only after a restart, false where a reload does. Null for what is
/// not in this version or not in our tables (besides TLS: primary_conninfo and the settings that
/// say where files and sockets are).
std::optional<bool> needs_restart(int major, std::string_view name);

/// What ssl.conf says. Paths are absolute.
struct SslConf {
  std::string
      key_and_chain_path;  ///< one PEM file for ssl_cert_file and ssl_key_file: no half pair
  /// Whom the server trusts among clients. Null: what another file says stays in force, together
  /// with its CRLs, so that turning TLS on cuts off nobody who logs in with a certificate today.
  /// Empty: nobody is trusted, written as ssl_ca_file = ''. A path: our trust, and it alone.
  std::optional<std::string> client_ca_path;
  /// CRLs of that trust, one file. Only with `client_ca_path`. Empty is written as ssl_crl_file =
  /// '': a foreign CRL left in force would refuse every client of an authority that it does not
  /// cover.
  std::string client_crl_path;
  /// TLSv1, TLSv1.1, TLSv1.2, TLSv1.3; empty: left to the server. Servers before 12 have no such
  /// setting, there it is not written.
  std::string min_protocol = "TLSv1.2";
  bool operator==(const SslConf&) const = default;
};

/// The text of ssl.conf for a server of version `major`: deterministic, every value quoted, only
/// settings that this version knows (an unknown one makes the server refuse its whole
/// configuration). Error (server_settings): unsupported version, relative or unwritable path,
/// unknown protocol, a CRL without trust.
base::Result<std::string> ssl_conf_text(int major, const SslConf& conf);

/// What a text written by `ssl_conf_text` says; error (parse) for anything else in it: bad lines,
/// other settings, includes, TLS not on, two different files for certificate and key. From a server
/// before 12 `min_protocol` comes back empty.
base::Result<SslConf> parse_ssl_conf(std::string_view text);

/// -1, 0, 1: `left` is older than, the same as, newer than `right`; null where one is not a
/// protocol name of PostgreSQL. A server whose ssl_max_protocol_version is older than our minimum
/// refuses its TLS configuration.
std::optional<int> compare_protocols(std::string_view left, std::string_view right);

}  // namespace settings
