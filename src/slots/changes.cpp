// SPDX-License-Identifier: PostgreSQL
#include "slots/changes.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/pack.h"
#include "base/text.h"
#include "slots/reading.h"
#include "x509/bundle.h"
#include "x509/digest.h"
#include "x509/key.h"
#include "x509/request.h"

namespace slots {
namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr std::string_view request_begin = "-----BEGIN CERTIFICATE REQUEST-----\n";
constexpr std::string_view request_end = "-----END CERTIFICATE REQUEST-----\n";

std::optional<x509::PrivateKey> read_key(const SeenFile& file) {
  if (!file.readable()) return std::nullopt;
  auto key = x509::PrivateKey::from_pem(file.bytes);
  if (!key) return std::nullopt;
  return std::move(*key);
}

std::string quoted(const SlotFiles& files, const std::string& name) {
  return fmt::format("\"{}\"", base::printable_line(files.path_of(name)));
}

Expected expect(const std::string& name, const SeenFile& file) { return {name, file.state}; }

std::string content_of(const SeenFile& file) {
  return file.readable() ? file.bytes : fmt::format("{} {}", file.state.inode, file.state.changed);
}

// ---- what may be replaced -----------------------------------------------------------------------

Error in_the_way(const std::string& what, std::string detail) {
  return base::error(Code::file_changed, what)
      .with_detail(std::move(detail))
      .with_hint("Run the command again to observe anew; --replace archives and replaces it.");
}

/// Only what the plan has seen is replaced: the certificate by its fingerprint, and a lone key
/// where it is the pending one, put in place by a run that was cut short.
Result<void> check_expected(const Situation& now, const fleet::Act& act,
                            const std::optional<x509::PrivateKey>& pending) {
  if (act.replace) return {};
  const SlotFiles& files = now.files;
  const ReadCertificates there = read_certificates(now.seen.certificate);
  const std::string fingerprint = there.leaf ? there.leaf->fingerprint : "";
  if (!there.problem.empty() && !(files.one_file() && there.problem == "holds no certificate"))
    return in_the_way(quoted(files, files.certificate) + " is there and cannot be read",
                      there.problem);
  if (fingerprint != act.expected_certificate_sha256)
    return in_the_way(quoted(files, files.certificate) + " is not the one that was observed",
                      fingerprint.empty() ? "There is no certificate any more."
                                          : "A certificate with SHA-256 " + fingerprint + " of \"" +
                                                there.leaf->subject + "\" lies there.");
  if (there.leaf || !now.seen.key.exists()) return {};
  const auto key = read_key(now.seen.key);
  if (key && pending && key->spki() == pending->spki()) return {};
  return in_the_way(quoted(files, files.key) + " is a private key without its certificate",
                    "It is not the key that pgseal has made here.");
}

// ---- steps --------------------------------------------------------------------------------------

std::string compact_time(base::Time at) {
  std::string text;
  for (const char c : base::format_time(at))  // "2027-03-31 12:00:00Z"
    if (c != '-' && c != ':') text += c == ' ' ? 'T' : c;
  return text;
}

/// The pair that lies there, or what there is of it.
void keep_pair(const Situation& now, std::vector<Step>& steps) {
  const SeenSlot& seen = now.seen;
  std::vector<std::string> names;
  std::vector<std::string> content;
  if (seen.key.exists()) {
    names.push_back(now.files.key);
    content.push_back(content_of(seen.key));
  }
  if (!now.files.one_file() && seen.certificate.exists()) {
    names.push_back(now.files.certificate);
    content.push_back(content_of(seen.certificate));
  }
  if (names.empty()) return;
  steps.push_back(
      keep_step(fleet::to_string(now.files.slot) + "\tpair", names, base::pack(content), now.at));
}

void keep_file(const Situation& now, const std::string& name, const SeenFile& file,
               std::vector<Step>& steps) {
  if (!file.exists()) return;
  steps.push_back(
      keep_step(fleet::to_string(now.files.slot) + "\t" + name, {name}, content_of(file), now.at));
}

Step put_step(std::vector<Wanted> files) {
  Step step;
  step.kind = Step::Kind::put;
  step.files = std::move(files);
  return step;
}

Step remove_step(std::string name) {
  Step step;
  step.kind = Step::Kind::remove;
  step.names = {std::move(name)};
  return step;
}

host::Ownership key_ownership(const SlotFiles& files) {
  const host::OsUser& owner = files.key_owner ? *files.key_owner : files.actor;
  return {owner.uid, owner.gid, 0600};
}

host::Ownership public_ownership(const SlotFiles& files) {
  return {files.actor.uid, files.actor.gid, 0644};
}

// ---- keys and requests --------------------------------------------------------------------------

std::string request_pem(const std::string& der) {
  const std::string text = base::base64(der);
  std::string pem(request_begin);
  for (std::size_t at = 0; at < text.size(); at += 64) pem += text.substr(at, 64) + "\n";
  return pem.append(request_end);
}

/// The request that stands beside a pending key: a signature by ECDSA differs each time, and the
/// same question must get the same answer. Empty where it is missing or another key's.
std::string stored_request(const std::string& pending, const x509::PrivateKey& key) {
  const auto begin = pending.find(request_begin);
  const auto end = pending.find(request_end);
  if (begin == std::string::npos || end == std::string::npos || end < begin) return "";
  std::string text =
      pending.substr(begin + request_begin.size(), end - begin - request_begin.size());
  std::erase(text, '\n');
  const auto der = base::unbase64(text);
  if (!der) return "";
  const auto request = x509::Request::parse(*der);
  return request && request->spki() == key.spki() ? *der : "";
}

bool is_of_type(const std::string& request, x509::KeyType type) {
  const auto parsed = x509::Request::parse(request);
  return parsed && parsed->key_name() == x509::to_string(type);
}

/// What install certificate goes by.
struct Keys {
  std::optional<x509::PrivateKey> pending;
  std::optional<x509::PrivateKey> current;

  [[nodiscard]] const x509::PrivateKey* of(const x509::Certificate& leaf) const {
    if (current && current->matches(leaf)) return &*current;
    if (pending && pending->matches(leaf)) return &*pending;
    return nullptr;
  }
};

Result<x509::Pair> wanted_pair(const fleet::Act& act) {
  auto wanted = TRY(x509::parse_pair(act.certificate, ""));
  if (!wanted.leaf)
    return base::error(Code::certificate, "the act to install a certificate brings none");
  return wanted;
}

std::string chain_pem(const x509::Pair& pair) {
  std::string text = pair.leaf->to_pem();
  for (const x509::Certificate& certificate : pair.chain) text += certificate.to_pem();
  return text;
}

/// One file for a server, one or two for a client; key first.
Result<std::vector<Wanted>> pair_files(const Situation& now, const x509::Pair& wanted,
                                       const x509::PrivateKey& key, bool key_in_place) {
  const SlotFiles& files = now.files;
  const base::Secret key_pem = key.to_pem();
  if (files.one_file()) {
    const base::Secret whole = TRY(x509::join_pair(key_pem, *wanted.leaf, wanted.chain));
    return std::vector<Wanted>{
        {files.key, std::string(whole.expose_secret()), key_ownership(files)}};
  }
  std::vector<Wanted> written;
  if (!key_in_place)
    written.push_back({files.key, std::string(key_pem.expose_secret()), key_ownership(files)});
  const ReadCertificates there = read_certificates(now.seen.certificate);
  const bool right = there.leaf == wanted.leaf && there.chain == wanted.chain &&
                     public_file_good(files, now.seen.certificate.state);
  if (!right) written.push_back({files.certificate, chain_pem(wanted), public_ownership(files)});
  return written;
}

// ---- trust --------------------------------------------------------------------------------------

bool same_set(const x509::Bundle& a, const x509::Bundle& b) {
  return a.certificates().size() == b.certificates().size() &&
         std::all_of(a.certificates().begin(), a.certificates().end(),
                     [&](const x509::Certificate& one) { return b.contains(one); });
}

/// What root.crt holds and we shall leave in it; nothing where it may be replaced unread.
Result<x509::Bundle> foreign_trust(const Situation& now, const fleet::Act& act) {
  const SeenFile& trust = now.seen.trust;
  if (!trust.exists()) return x509::Bundle();
  auto there = trust.readable()
                   ? x509::Bundle::from_pem(trust.bytes)
                   : Result<x509::Bundle>(base::error(Code::certificate, trust.problem));
  if (there) return there;
  if (act.replace) return x509::Bundle();
  std::string why = there.error().message;
  if (!there.error().detail.empty()) why += ": " + there.error().detail;
  return base::error(Code::certificate,
                     quoted(now.files, now.files.trust) + " holds what cannot be read, and is left")
      .with_detail(why)
      .with_hint("Repair it, or let --replace archive it and write it anew.");
}

Result<x509::Bundle> wanted_trust(const Situation& now, const fleet::Act& act) {
  const auto ours = TRY(x509::Bundle::from_pem(act.trust));
  if (ours.empty())
    return base::error(Code::certificate, "the act to install trust brings no authority");
  // A server trusts nobody but the environment's client authority: that file is pgseal's alone.
  if (now.files.slot.kind == fleet::SlotKind::server) return ours;
  auto foreign = TRY(foreign_trust(now, act));
  const auto retired = TRY(x509::Bundle::from_pem(act.retired_trust));
  for (const x509::Certificate& one : retired.certificates()) foreign = foreign.without(one);
  return ours.merged(foreign);
}

}  // namespace

Step keep_step(const std::string& what, std::vector<std::string> names, const std::string& content,
               base::Time at) {
  Step step;
  step.kind = Step::Kind::keep;
  const std::string digest = x509::sha256_hex(base::pack({what, content})).substr(0, 16);
  step.label = compact_time(at) + "-" + digest;
  step.text = what;
  step.names = std::move(names);
  return step;
}

Result<Decision> decide_key(const Situation& now, const fleet::Act& act) {
  const SlotFiles& files = now.files;
  Decision decision;
  const auto pending = read_key(now.seen.pending);
  const ReadCertificates there = read_certificates(now.seen.certificate);
  // A pending key that has its certificate was left by a run that was cut short: no new key.
  const bool spent = pending && there.leaf && pending->matches(*there.leaf);
  if (pending && !spent) {
    decision.request = stored_request(now.seen.pending.bytes, *pending);
    const bool safe =
        (now.seen.pending.state.mode & 077) == 0 && now.seen.pending.state.uid == files.actor.uid;
    if (safe && is_of_type(decision.request, act.key_type)) return decision;
  }
  const auto current = read_key(now.seen.key);
  if (act.keep_key && !pending && current && there.leaf && current->matches(*there.leaf)) {
    decision.request = TRY(x509::make_request(*current, files.slot.name));
    if (is_of_type(decision.request, act.key_type)) return decision;
  }
  const auto key = TRY(x509::PrivateKey::generate(act.key_type));
  decision.request = TRY(x509::make_request(key, files.slot.name));
  decision.changes.expected = {expect(files.pending, now.seen.pending)};
  keep_file(now, files.pending, now.seen.pending, decision.changes.steps);
  const base::Secret pem = key.to_pem();
  decision.changes.steps.push_back(
      put_step({{files.pending,
                 std::string(pem.expose_secret()) + request_pem(decision.request),
                 {files.actor.uid, files.actor.gid, 0600}}}));
  return decision;
}

Result<Decision> decide_certificate(const Situation& now, const fleet::Act& act) {
  const SlotFiles& files = now.files;
  const SeenSlot& seen = now.seen;
  x509::Pair wanted = TRY(wanted_pair(act));
  const ReadCertificates there = read_certificates(seen.certificate);
  // A repair brings the leaf that was observed: the chain that stands behind it stays.
  if (wanted.chain.empty() && there.leaf == wanted.leaf) wanted.chain = there.chain;
  const Keys keys{read_key(seen.pending), read_key(seen.key)};
  const x509::PrivateKey* key = keys.of(*wanted.leaf);
  if (key == nullptr)
    return base::error(Code::key, fmt::format("no key of {} belongs to the certificate",
                                              fleet::to_string(files.slot)))
        .with_detail("Neither the key in place nor a pending one was it issued for.");
  Decision decision;
  Changes& changes = decision.changes;
  changes.expected = {expect(files.key, seen.key), expect(files.certificate, seen.certificate),
                      expect(files.pending, seen.pending)};
  const bool right = there.leaf == wanted.leaf && there.chain == wanted.chain;
  const bool key_in_place = keys.current && key == &*keys.current &&
                            owner_good(files, seen.key.state) && mode_good(files, seen.key.state);
  auto put = TRY(pair_files(now, wanted, *key, key_in_place));
  if (files.one_file() && right && key_in_place) put.clear();
  if (!put.empty()) {
    if (!right) TRY(check_expected(now, act, keys.pending));
    keep_pair(now, changes.steps);
    changes.steps.push_back(put_step(std::move(put)));
  }
  if (keys.pending && keys.pending->spki() == key->spki())
    changes.steps.push_back(remove_step(files.pending));
  return decision;
}

Result<Decision> decide_trust(const Situation& now, const fleet::Act& act) {
  const SlotFiles& files = now.files;
  const SeenFile& trust = now.seen.trust;
  const auto wanted = TRY(wanted_trust(now, act));
  Decision decision;
  const auto there =
      trust.readable() ? x509::Bundle::from_pem(trust.bytes) : Result<x509::Bundle>(x509::Bundle());
  if (there && same_set(*there, wanted) && public_file_good(files, trust.state)) return decision;
  decision.changes.expected = {expect(files.trust, trust)};
  keep_file(now, files.trust, trust, decision.changes.steps);
  decision.changes.steps.push_back(
      put_step({{files.trust, wanted.to_pem(), public_ownership(files)}}));
  return decision;
}

Result<Decision> decide_archive(const Situation& now) {
  Decision decision;
  keep_pair(now, decision.changes.steps);
  keep_file(now, now.files.trust, now.seen.trust, decision.changes.steps);
  keep_file(now, now.files.pending, now.seen.pending, decision.changes.steps);
  return decision;
}

}  // namespace slots
