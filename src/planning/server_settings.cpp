// SPDX-License-Identifier: PostgreSQL
#include "planning/server_settings.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "audit/tls_branch.h"
#include "x509/bundle.h"

namespace planning {
namespace {

using fleet::ServerFacts;

std::string path_of(const std::string& folder, std::string_view file) {
  return folder + "/" + std::string(file);
}

/// Settings that our ssl.conf wants and whose running values are something else.
std::optional<std::string> running_differs(const ServerFacts& server,
                                           const settings::SslConf& conf) {
  const auto differs = [&](std::string_view name, std::string_view want) {
    return running_value(server, name) != want;
  };
  if (differs("ssl", "on")) return "TLS is off";
  for (const auto name : {"ssl_cert_file", "ssl_key_file"})
    if (differs(name, conf.key_and_chain_path))
      return fmt::format("{} is \"{}\" as running", name, running_value(server, name));
  if (conf.client_ca_path && differs("ssl_ca_file", *conf.client_ca_path))
    return fmt::format("ssl_ca_file is \"{}\" as running", running_value(server, "ssl_ca_file"));
  if (!conf.min_protocol.empty() && settings::major_of(server.version) >= 12 &&
      differs("ssl_min_protocol_version", conf.min_protocol))
    return fmt::format("ssl_min_protocol_version is \"{}\" as running",
                       running_value(server, "ssl_min_protocol_version"));
  return std::nullopt;
}

std::optional<std::string> conf_differs(const ServerFacts& server, const settings::SslConf& conf) {
  if (server.ssl_conf.empty()) return "no ssl.conf yet";
  const auto wanted = settings::ssl_conf_text(settings::major_of(server.version), conf);
  if (!wanted || *wanted == server.ssl_conf) return std::nullopt;
  const auto have = settings::parse_ssl_conf(server.ssl_conf);
  if (have && have->client_ca_path != conf.client_ca_path)
    return "clients' certificates are not verified yet";
  return "ssl.conf is not as pgseal writes it";
}

}  // namespace

settings::SslConf wanted_conf(const fleet::SlotFacts& slot, const fleet::TlsSettings& want) {
  settings::SslConf conf;
  conf.key_and_chain_path = path_of(slot.folder, fleet::server_pair_file);
  conf.min_protocol = want.min_protocol;
  if (want.client_trust) conf.client_ca_path = path_of(slot.folder, fleet::server_trust_file);
  return conf;
}

bool serves_own(const HostView& host) {
  if (!host.facts || !host.facts->server_slot || !host.served.tls) return false;
  return audit::same_certificate(host.facts->server_slot->certificate, host.served.certificate);
}

bool trusts_ours(const HostView& host) {
  if (!host.facts || !host.facts->server || !host.facts->server_slot) return false;
  const std::string ours = path_of(host.facts->server_slot->folder, fleet::server_trust_file);
  if (running_value(*host.facts->server, "ssl_ca_file") == ours) return true;
  const auto conf = settings::parse_ssl_conf(host.facts->server->ssl_conf);
  return conf && conf->client_ca_path == ours;
}

bool loaded_others(const HostView& host) {
  if (!host.served.asks_client_certificate || !host.facts || !host.facts->server_slot) return false;
  const auto there = x509::Bundle::from_pem(host.facts->server_slot->trust);
  if (!there || there->empty()) return false;
  std::set<std::string> on_disk;
  for (const x509::Certificate& one : there->certificates()) on_disk.insert(one.subject);
  const auto& named = host.served.client_authorities;
  return std::set<std::string>(named.begin(), named.end()) != on_disk;
}

namespace {

/// The server reads its files as its own user; ours is passed over where that user cannot.
bool sees_conf(const ServerFacts& server, const std::string& path) {
  return std::any_of(server.written_settings.begin(), server.written_settings.end(),
                     [&](const fleet::SettingFact& fact) { return fact.file == path; });
}

}  // namespace

std::optional<std::string> served_differs(const HostView& host, bool client_trust) {
  if (!host.served.answered) return std::nullopt;  // nobody could ask: a finding, not a step
  if (!host.served.tls) return "it answers without TLS";
  if (!serves_own(host)) return "it serves another certificate than the one on disk";
  if (client_trust && !host.served.asks_client_certificate)
    return "it does not ask for client certificates";
  if (client_trust && loaded_others(host))
    return "it has loaded other client authorities than those on disk";
  return std::nullopt;
}

SettingsJudgement judge_settings(const HostView& host, const fleet::TlsSettings& want) {
  SettingsJudgement judged;
  const ServerFacts& server = *host.facts->server;
  const settings::SslConf conf = wanted_conf(*host.facts->server_slot, want);
  judged.write = conf_differs(server, conf);
  if (!judged.write && !server.include_in_place)
    judged.write = "the server's configuration does not include ssl.conf";
  const std::string path = path_of(host.facts->server_slot->folder, fleet::server_settings_file);
  if (!judged.write && !sees_conf(server, path))
    judged.write = "the server's user cannot read ssl.conf or its folder";
  if (judged.write) {
    judged.reload = "the settings were written anew";
    return judged;
  }
  judged.reload = running_differs(server, conf);
  if (!judged.reload) judged.reload = served_differs(host, want.client_trust);
  return judged;
}

}  // namespace planning
