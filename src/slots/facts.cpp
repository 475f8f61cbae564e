// SPDX-License-Identifier: PostgreSQL
// The facts of a slot. A server's one file is read twice, for its key and for its chain, so that
// one broken half does not hide the other.
#include <fmt/format.h>

#include "base/text.h"
#include "slots/changes.h"
#include "slots/reading.h"
#include "x509/bundle.h"

namespace slots {

using base::Result;

namespace {

std::string sentence(const base::Error& error) {
  std::string text = error.message;
  if (!error.detail.empty()) text += ": " + error.detail;
  return text;
}

bool readable_by(const host::OsUser& user, const host::FileState& state) {
  if (state.uid == user.uid) return (state.mode & 0400) != 0;
  return (state.mode & (state.gid == user.gid ? 0040 : 0004)) != 0;
}

}  // namespace

bool owner_good(const SlotFiles& files, const host::FileState& state) {
  if (!files.key_owner) return true;
  if (state.uid == files.key_owner->uid) return true;
  return files.slot.kind == fleet::SlotKind::client && state.uid == 0;
}

bool mode_good(const SlotFiles& files, const host::FileState& state) {
  const bool roots_own = files.key_owner && files.key_owner->uid != 0 && state.uid == 0;
  return (state.mode & (roots_own ? 07137U : 07177U)) == 0;
}

std::string public_file_problem(const SlotFiles& files, const host::FileState& state) {
  const auto mode = static_cast<unsigned>(state.mode);
  if (state.uid != 0 && state.uid != files.actor.uid)
    return fmt::format("belongs to user id {}, who may write it", state.uid);
  if ((mode & 022U) != 0) return fmt::format("may be written by others (mode {:04o})", mode);
  const host::OsUser& reader = files.key_owner ? *files.key_owner : files.actor;
  if (reader.uid != 0 && !readable_by(reader, state))
    return fmt::format("cannot be read by \"{}\" (mode {:04o})", reader.name, mode);
  return "";
}

bool public_file_good(const SlotFiles& files, const host::FileState& state) {
  return public_file_problem(files, state).empty();
}

namespace {

void describe_key(const SlotFiles& files, const SeenSlot& seen, const ReadCertificates& certificate,
                  fleet::SlotFacts& facts) {
  using fleet::KeyState;
  const host::FileState& state = seen.key.state;
  const auto key =
      seen.key.readable() ? x509::parse_pair("", seen.key.bytes) : Result<x509::Pair>(x509::Pair());
  if (!seen.key.exists() || (files.one_file() && key && !key->has_key && certificate.leaf)) return;
  facts.key_detail = fmt::format("mode {:04o}", static_cast<unsigned>(state.mode));
  if (state.links > 1) facts.key_detail += fmt::format(", {} names (hard links)", state.links);
  if (key) facts.key_spki_sha256 = key->key_spki_sha256;
  if (!owner_good(files, state)) {
    facts.key = KeyState::wrong_owner;
    facts.key_detail += fmt::format(", of user id {}", state.uid);
  } else if (!mode_good(files, state)) {
    facts.key = KeyState::wrong_mode;
  } else if (!seen.key.readable()) {
    facts.key = KeyState::unreadable;
    facts.key_detail += ", " + seen.key.problem;
  } else if (!key || key->key_spki_sha256.empty()) {
    facts.key = KeyState::unreadable;
    facts.key_detail += !key                 ? ", " + sentence(key.error())
                        : key->key_encrypted ? ", has a passphrase"
                                             : ", holds no private key";
  } else if (certificate.leaf && certificate.leaf->spki_sha256 != key->key_spki_sha256) {
    facts.key = KeyState::mismatched;
  } else {
    facts.key = KeyState::good;
  }
}

void describe_trust(const SlotFiles& files, const SeenFile& trust, fleet::SlotFacts& facts) {
  if (!trust.exists()) return;
  if (!trust.readable()) {
    facts.trust_problem = trust.problem;
    return;
  }
  const auto bundle = x509::Bundle::from_pem(trust.bytes);
  if (!bundle) {
    facts.trust_problem = sentence(bundle.error());
    return;
  }
  facts.trust = bundle->to_pem();
  facts.trust_problem = public_file_problem(files, trust.state);
}

}  // namespace

ReadCertificates read_certificates(const SeenFile& file) {
  ReadCertificates read;
  if (!file.exists()) return read;
  if (!file.readable()) {
    read.problem = file.problem;
    return read;
  }
  auto pair = x509::parse_pair(file.bytes, "");
  if (!pair) {
    read.problem = sentence(pair.error());
    return read;
  }
  read.leaf = std::move(pair->leaf);
  read.chain = std::move(pair->chain);
  if (!read.leaf) read.problem = "holds no certificate";
  return read;
}

fleet::SlotFacts describe_slot(const SlotFiles& files, const SeenSlot& seen) {
  fleet::SlotFacts facts;
  facts.slot = files.slot;
  facts.folder = files.folder();
  const ReadCertificates certificate = read_certificates(seen.certificate);
  if (certificate.leaf) facts.certificate = certificate.leaf->to_pem();
  facts.chain_problem = certificate.problem;
  const bool loose = !files.one_file() && seen.certificate.exists() &&
                     !public_file_good(files, seen.certificate.state);
  if (loose && facts.chain_problem.empty())
    facts.chain_problem = public_file_problem(files, seen.certificate.state);
  describe_key(files, seen, certificate, facts);
  facts.pending = seen.pending.exists();
  describe_trust(files, seen.trust, facts);
  return facts;
}

std::string in_words(const fleet::SlotFacts& facts) {
  std::string words = "no certificate";
  if (!facts.certificate.empty()) {
    const auto leaf = x509::Certificate::from_pem(facts.certificate);
    words = leaf ? "serial " + leaf->serial_hex : "a certificate";
  } else if (!facts.chain_problem.empty()) {
    words = "a certificate file that cannot be read";
  }
  if (facts.key != fleet::KeyState::absent)
    words += fmt::format(", key {}", fleet::to_string(facts.key));
  if (facts.pending) words += ", a key is pending";
  return words;
}

}  // namespace slots
