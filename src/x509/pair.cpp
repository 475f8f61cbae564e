// SPDX-License-Identifier: PostgreSQL
#include "x509/pair.h"

#include <algorithm>

#include "x509/key.h"
#include "x509/pem.h"

namespace x509 {
namespace {

bool encrypted(const pem::Block& block) {
  // PKCS#8's own label, or the header of RFC 1421 that older tools write
  return block.label == "ENCRYPTED PRIVATE KEY" ||
         block.body.find("Proc-Type: 4,ENCRYPTED") != std::string_view::npos;
}

base::Result<void> read_certificates(Pair& pair, const std::vector<pem::Block>& blocks) {
  for (const pem::Block& block : blocks) {
    if (!pem::is_certificate(block)) continue;
    auto read = Certificate::from_der(TRY(pem::bytes(block, base::Code::certificate)));
    if (!read) return std::move(read).error().during("reading PEM " + pem::place(block));
    if (!pair.leaf)
      pair.leaf = std::move(read).value();
    else
      pair.chain.push_back(std::move(read).value());
  }
  return {};
}

base::Result<void> read_key(Pair& pair, const std::vector<pem::Block>& blocks) {
  const auto block = std::find_if(blocks.begin(), blocks.end(), pem::is_private_key);
  if (block == blocks.end()) return {};
  pair.has_key = true;
  pair.key_encrypted = encrypted(*block);
  if (pair.key_encrypted) return {};
  auto key = PrivateKey::from_pem(block->text);
  if (!key) return std::move(key).error().during("reading PEM " + pem::place(*block));
  pair.key_spki_sha256 = key->spki_sha256();
  pair.key_matches = pair.leaf && key->matches(*pair.leaf);
  return {};
}

}  // namespace

base::Result<Pair> parse_pair(std::string_view certificate_pem, std::string_view key_pem) {
  Pair pair;
  const auto certificates = TRY(pem::blocks(certificate_pem, base::Code::certificate));
  TRY(read_certificates(pair, certificates));
  const auto keys = TRY(pem::blocks(key_pem, base::Code::key));
  TRY(read_key(pair, keys));
  return pair;
}

base::Result<Pair> parse_pair(std::string_view pem) { return parse_pair(pem, pem); }

base::Result<base::Secret> join_pair(const base::Secret& key_pem, const Certificate& leaf,
                                     const std::vector<Certificate>& chain) {
  const PrivateKey key = TRY(PrivateKey::from_pem(key_pem.expose_secret()));
  if (!key.matches(leaf))
    return base::error(base::Code::key, "private key does not belong to the certificate")
        .with_detail("The certificate \"" + leaf.subject + "\" was issued for another key.");
  std::string certificates = leaf.to_pem();
  for (const Certificate& certificate : chain) certificates += certificate.to_pem();
  const base::Secret encoded = key.to_pem();
  std::string text;
  // reserved, so that no shorter copy of the key stays behind when the text grows
  text.reserve(encoded.expose_secret().size() + certificates.size());
  text += encoded.expose_secret();
  text += certificates;
  return base::Secret(std::move(text));
}

}  // namespace x509
