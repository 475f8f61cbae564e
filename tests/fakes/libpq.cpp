// SPDX-License-Identifier: PostgreSQL
#include "fakes/libpq.h"

#include <algorithm>
#include <unordered_map>

#include "fakes/slot_store.h"
#include "x509/bundle.h"
#include "x509/pair.h"

namespace fakes {

const char* to_string(SslMode mode) {
  switch (mode) {
    case SslMode::prefer:
      return "prefer";
    case SslMode::require:
      return "require";
    case SslMode::verify_ca:
      return "verify-ca";
    case SslMode::verify_full:
      return "verify-full";
  }
  return "prefer";
}

const char* to_string(Service service) {
  switch (service) {
    case Service::refused:
      return "refused";
    case Service::plaintext:
      return "plaintext";
    case Service::encrypted:
      return "encrypted";
    case Service::verified:
      return "verified";
  }
  return "refused";
}

const std::vector<x509::Certificate>& certificates_in(const std::string& pem) {
  static thread_local std::unordered_map<std::string, std::vector<x509::Certificate>> known;
  const auto found = known.find(pem);
  if (found != known.end()) return found->second;
  std::vector<x509::Certificate> certificates;
  if (const auto bundle = x509::Bundle::from_pem(pem)) certificates = bundle->certificates();
  return known.emplace(pem, std::move(certificates)).first->second;
}

bool vouched_for(const x509::Certificate& leaf, const std::string& authorities, base::Time at) {
  static thread_local std::unordered_map<std::string, bool> known;
  if (!leaf.valid_at(at)) return false;
  for (const x509::Certificate& authority : certificates_in(authorities)) {
    const std::string key = leaf.fingerprint + authority.fingerprint;
    auto found = known.find(key);
    if (found == known.end()) found = known.emplace(key, leaf.signed_by(authority)).first;
    if (found->second && authority.valid_at(at)) return true;
  }
  return false;
}

bool is_pair(const std::string& certificate, const std::string& key) {
  static thread_local std::unordered_map<std::string, bool> known;
  const std::string both = certificate + "|" + key;
  auto found = known.find(both);
  if (found == known.end()) {
    const auto pair = x509::parse_pair(certificate, key);
    found = known.emplace(both, pair && pair->leaf && pair->key_matches).first;
  }
  return found->second;
}

ClientFiles client_files_of(const Host& host, const std::string& environment,
                            const fleet::Slot& slot) {
  const auto files = host.files_of(environment, slot);
  if (!files) return {};
  return client_files_at(host.disk, files->actor.uid, files->path_of(files->trust),
                         files->path_of(files->certificate), files->path_of(files->key));
}

ClientFiles client_files_at(const Disk& disk, uid_t uid, const std::string& trust,
                            const std::string& certificate, const std::string& key) {
  ClientFiles client;
  const auto take = [&](const std::string& path, std::string& into) {
    const std::string* text = disk.read(path);
    if (text == nullptr || !may_read(disk.look(path), uid)) return false;
    into = *text;
    return true;
  };
  client.has_trust = take(trust, client.trust);
  client.has_certificate = take(certificate, client.certificate);
  client.key_usable = take(key, client.key) && (disk.look(key).mode & 077) == 0;
  return client;
}

namespace {

Attempt refused(std::string why) { return {Service::refused, std::move(why), false}; }

bool named(const x509::Certificate& leaf, const std::string& address) {
  const auto among = [&](const std::vector<std::string>& names) {
    return std::find(names.begin(), names.end(), address) != names.end();
  };
  return among(leaf.dns_names) || among(leaf.ip_addresses);
}

Attempt over_tls(const ClientFiles& client, SslMode mode, const Postgres& server,
                 const std::string& address, base::Time at) {
  const auto& chain = certificates_in(server.loaded.certificate);
  if (chain.empty()) return refused("the server serves nothing that can be read");
  if (client.has_certificate && !client.key_usable)
    return refused("certificate present, but not its private key");
  if (client.has_certificate && !is_pair(client.certificate, client.key))
    return refused("private key does not match its certificate");
  if (!client.has_trust && (mode == SslMode::verify_ca || mode == SslMode::verify_full))
    return refused("there is no root.crt");
  // Also `require` and `prefer` verify where a root.crt exists.
  if (client.has_trust && !vouched_for(chain.front(), client.trust, at))
    return refused("certificate verify failed");
  if (mode == SslMode::verify_full && !named(chain.front(), address))
    return refused("server certificate does not match host name");
  Attempt attempt{client.has_trust ? Service::verified : Service::encrypted, "", false};
  if (server.loaded.trust.empty() || !client.has_certificate) return attempt;
  const auto& shown = certificates_in(client.certificate);
  if (shown.empty() || !vouched_for(shown.front(), server.loaded.trust, at)) {
    attempt = refused("the server refuses its certificate");
    attempt.certificate_taken = false;
    return attempt;
  }
  attempt.certificate_taken = true;
  return attempt;
}

}  // namespace

Attempt connect(const ClientFiles& client, SslMode mode, const Postgres& server,
                const std::string& address, base::Time at) {
  if (!server.running) return refused("connection refused");
  const Attempt in_plaintext{server.plaintext ? Service::plaintext : Service::refused,
                             "no rule lets it in without TLS", false};
  if (!server.loaded.tls)
    return mode == SslMode::prefer ? in_plaintext : refused("the server does not support TLS");
  Attempt attempt = over_tls(client, mode, server, address, at);
  // Under TLS 1.3 the server's refusal comes after the handshake: then there is no second attempt.
  const bool too_late = attempt.why == "the server refuses its certificate";
  if (mode == SslMode::prefer && attempt.service == Service::refused && !too_late)
    return in_plaintext;
  return attempt;
}

}  // namespace fakes
