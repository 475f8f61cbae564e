// SPDX-License-Identifier: PostgreSQL
// A key pair in one PEM file, key and chain together (server.pem): one rename replaces both, so no
// reader sees a new certificate with an old key. What is said of it never includes the key.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/secret.h"
#include "x509/certificate.h"

namespace x509 {

/// What a PEM file holds. Every combination is a fact, none an error: a file may lack either half.
struct Pair {
  std::optional<Certificate> leaf;  ///< the file's first certificate, as a server would send it
  std::vector<Certificate> chain;   ///< the others, in the file's order
  bool has_key = false;
  bool key_encrypted = false;   ///< then the key was not read, and key_matches is false
  bool key_matches = false;     ///< the key belongs to `leaf`
  std::string key_spki_sha256;  ///< hex; empty where no key was read
};

/// Reads certificates and key, in either order. Error Code::certificate or Code::key for a broken
/// block, with its number and line.
base::Result<Pair> parse_pair(std::string_view pem);

/// Key file and certificate file apart (postgresql.key, postgresql.crt), with the same answer.
base::Result<Pair> parse_pair(std::string_view certificate_pem, std::string_view key_pem);

/// The file's text: key, leaf, chain. Error Code::key where `key_pem` is not the leaf's key, so a
/// pair that does not match is never written.
base::Result<base::Secret> join_pair(const base::Secret& key_pem, const Certificate& leaf,
                                     const std::vector<Certificate>& chain);

}  // namespace x509
