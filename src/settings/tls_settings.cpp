// SPDX-License-Identifier: PostgreSQL
// Versions and defaults were measured on servers 10.23 to 18.4; contexts as in pg_settings there.
#include "settings/tls_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "base/text.h"
#include "settings/configuration_file.h"

namespace settings {
namespace {

using enum Context;

constexpr std::array<TlsSetting, 18> table = {{
    {"ssl", 10, 0, "off", sighup, true,
     "Turns TLS on; the server still takes plain text until its pg_hba.conf forbids it."},
    {"ssl_ca_file", 10, 0, "", sighup, true,
     "Authorities of clients; once set, a client that presents a foreign certificate is cut off."},
    {"ssl_cert_file", 10, 0, "server.crt", sighup, true,
     "The server's certificate and chain, in the same file as its key."},
    {"ssl_ciphers", 10, 0, "HIGH:MEDIUM:+3DES:!aNULL", sighup, false,
     "Cipher suites up to TLS 1.2; left to the server."},
    {"ssl_crl_dir", 14, 0, "", sighup, true,
     "CRLs named by hash, read at every connection; not used, and emptied with our own trust."},
    {"ssl_crl_file", 10, 0, "", sighup, true,
     "CRLs of clients' authorities; one authority without a current CRL here refuses its clients."},
    {"ssl_dh_params_file", 10, 0, "", sighup, false, "Parameters for DHE up to TLS 1.2."},
    {"ssl_ecdh_curve", 10, 17, "prime256v1", sighup, false,
     "Curve of the key agreement; 18 still takes this old name of ssl_groups."},
    {"ssl_groups", 18, 0, "X25519:prime256v1", sighup, false, "Groups of the key agreement."},
    {"ssl_key_file", 10, 0, "server.key", sighup, true,
     "The server's private key, 0600 and the server's own."},
    {"ssl_library", 12, 0, "OpenSSL", internal, false, "Only shown; empty in a build without TLS."},
    {"ssl_max_protocol_version", 12, 0, "", sighup, false,
     "Upper bound of the protocol; below our minimum the server refuses its TLS configuration."},
    {"ssl_min_protocol_version", 12, 0, "TLSv1.2", sighup, true,
     "Lower bound of the protocol; the default of 12 is TLS 1.0."},
    {"ssl_passphrase_command", 11, 0, "", sighup, false,
     "Prints the key's passphrase; our keys have none."},
    {"ssl_passphrase_command_supports_reload", 11, 0, "off", sighup, false,
     "Off: a key with a passphrase is not loaded again at a reload."},
    {"ssl_prefer_server_ciphers", 10, 0, "on", sighup, false, "Whose order of suites counts."},
    {"ssl_renegotiation_limit", 10, 0, "0", sighup, false, "A relic that takes only 0."},
    {"ssl_tls13_ciphers", 18, 0, "", sighup, false, "Cipher suites of TLS 1.3."},
}};

constexpr std::array<std::string_view, 4> protocols = {"TLSv1", "TLSv1.1", "TLSv1.2", "TLSv1.3"};

bool exists_in(const TlsSetting& setting, int major) {
  return major >= setting.first_major && (setting.last_major == 0 || major <= setting.last_major);
}

/// What we write or read besides TLS, and from which version a reload is enough (0: never).
struct OtherSetting {
  std::string_view name;
  int first_major;
  int reload_from;
};
constexpr std::array<OtherSetting, 7> others = {{
    {"config_file", 10, 0},
    {"hba_file", 10, 0},
    {"ident_file", 10, 0},
    {"listen_addresses", 10, 0},
    {"port", 10, 0},
    {"primary_conninfo", 12, 13},  // before 12 it stands in recovery.conf
    {"unix_socket_directories", 10, 0},
}};

std::optional<std::size_t> protocol_rank(std::string_view name) {
  for (std::size_t i = 0; i < protocols.size(); ++i) {
    if (base::lower(protocols[i]) == base::lower(name)) return i;
  }
  return std::nullopt;
}

base::Error refuse(std::string message) {
  return base::error(base::Code::server_settings, std::move(message));
}

base::Result<void> check_path(std::string_view what, std::string_view path) {
  if (path.empty() || path[0] != '/' || path.find('\0') != std::string_view::npos) {
    return refuse(fmt::format("the path of the {} must be absolute: \"{}\"", what,
                              base::printable_line(path)))
        .with_detail("The server takes a relative path from its data directory.");
  }
  return {};
}

base::Result<void> check(int major, const SslConf& conf) {
  TRY(supported(major));
  TRY(check_path("server's key and certificate", conf.key_and_chain_path));
  const bool trusts = conf.client_ca_path && !conf.client_ca_path->empty();
  if (trusts) TRY(check_path("clients' authorities", *conf.client_ca_path));
  if (!conf.client_crl_path.empty()) {
    TRY(check_path("clients' revocation list", conf.client_crl_path));
    if (!trusts) return refuse("a revocation list needs the authorities that it belongs to");
  }
  if (!conf.min_protocol.empty() && !protocol_rank(conf.min_protocol)) {
    return refuse(
               fmt::format("unknown TLS protocol \"{}\"", base::printable_line(conf.min_protocol)))
        .with_hint("PostgreSQL knows TLSv1, TLSv1.1, TLSv1.2 and TLSv1.3.");
  }
  return {};
}

base::Error not_ours(std::string message, int line) {
  return base::error(base::Code::parse, std::move(message))
      .with_detail(line == 0 ? "" : fmt::format("Line {} of ssl.conf.", line));
}

base::Result<void> take(const Assignment& assignment, SslConf& conf) {
  const std::string& value = assignment.value;
  if (assignment.name == "ssl") {
    if (value != "on") return not_ours("ssl.conf does not turn TLS on", assignment.line);
  } else if (assignment.name == "ssl_cert_file" || assignment.name == "ssl_key_file") {
    if (!conf.key_and_chain_path.empty() && conf.key_and_chain_path != value) {
      return not_ours("ssl.conf names two files for key and certificate", assignment.line);
    }
    conf.key_and_chain_path = value;
  } else if (assignment.name == "ssl_ca_file") {
    conf.client_ca_path = value;
  } else if (assignment.name == "ssl_crl_file") {
    conf.client_crl_path = value;
  } else if (assignment.name == "ssl_min_protocol_version") {
    conf.min_protocol = value;
  } else if (assignment.name != "ssl_crl_dir" || !value.empty()) {
    return not_ours(fmt::format("ssl.conf sets \"{}\"", base::printable_line(assignment.name)),
                    assignment.line);
  }
  return {};
}

}  // namespace

std::span<const TlsSetting> tls_settings() { return table; }

const TlsSetting* tls_setting(int major, std::string_view name) {
  const std::string wanted = base::lower(name);
  const auto* row = std::find_if(table.begin(), table.end(),
                                 [&](const TlsSetting& setting) { return setting.name == wanted; });
  return row != table.end() && exists_in(*row, major) ? row : nullptr;
}

bool value_refused(std::string_view error) { return error == "setting could not be applied"; }

bool ours(std::string_view name) {
  const std::string wanted = base::lower(name);
  return std::any_of(table.begin(), table.end(), [&](const TlsSetting& setting) {
    return setting.ours && setting.name == wanted;
  });
}

std::string_view default_of(int major, const TlsSetting& setting) {
  if (setting.name == "ssl_min_protocol_version" && major < 13) return "TLSv1";
  return setting.default_value;
}

int major_of(int server_version_num) { return server_version_num / 10000; }

base::Result<void> supported(int major) {
  if (major >= oldest_major) return {};
  return refuse(fmt::format("PostgreSQL {} is not supported", major))
      .with_detail("Before version 10 a server takes new TLS files only at a restart.")
      .with_hint("Upgrade the server to version 10 or later.");
}

std::optional<bool> needs_restart(int major, std::string_view name) {
  if (const TlsSetting* setting = tls_setting(major, name)) {
    if (setting->context == internal) return std::nullopt;
    return setting->context == postmaster;
  }
  const std::string wanted = base::lower(name);
  for (const OtherSetting& other : others) {
    if (other.name != wanted || major < other.first_major) continue;
    return other.reload_from == 0 || major < other.reload_from;
  }
  return std::nullopt;
}

base::Result<std::string> ssl_conf_text(int major, const SslConf& conf) {
  TRY(check(major, conf));
  std::string text = "# Kept by pgseal; changes made here by hand are lost.\n";
  const auto set = [&](std::string_view name, std::string_view value) {
    if (tls_setting(major, name) != nullptr) text += fmt::format("{} = {}\n", name, quoted(value));
  };
  set("ssl", "on");
  set("ssl_cert_file", conf.key_and_chain_path);
  set("ssl_key_file", conf.key_and_chain_path);
  if (conf.client_ca_path) {
    set("ssl_ca_file", *conf.client_ca_path);
    set("ssl_crl_file", conf.client_crl_path);
    set("ssl_crl_dir", "");
  }
  if (!conf.min_protocol.empty()) set("ssl_min_protocol_version", conf.min_protocol);
  return text;
}

base::Result<SslConf> parse_ssl_conf(std::string_view text) {
  const ConfigurationFile file = parse(text, "ssl.conf");
  if (!file.findings.empty()) {
    return not_ours(file.findings.front().message, file.findings.front().line);
  }
  if (!file.includes.empty()) {
    return not_ours("ssl.conf includes another file", file.includes.front().line);
  }
  SslConf conf;
  conf.min_protocol.clear();
  for (const Assignment& assignment : file.assignments) TRY(take(assignment, conf));
  if (file.effective("ssl") == nullptr) return not_ours("ssl.conf does not turn TLS on", 0);
  if (file.effective("ssl_cert_file") == nullptr || file.effective("ssl_key_file") == nullptr) {
    return not_ours("ssl.conf does not name the server's key and certificate", 0);
  }
  return conf;
}

std::optional<int> compare_protocols(std::string_view left, std::string_view right) {
  const auto a = protocol_rank(left);
  const auto b = protocol_rank(right);
  if (!a || !b) return std::nullopt;
  return *a < *b ? -1 : *a > *b ? 1 : 0;
}

}  // namespace settings
