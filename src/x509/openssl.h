// SPDX-License-Identifier: PostgreSQL
// Typed owners of OpenSSL's objects and its errors as ours. Only x509/*.cpp, probe/ and node/'s
// connect query may include this; no other header does.
#pragma once

#include <openssl/asn1.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "x509/der.h"

namespace x509 {

template <auto release>
struct Releaser {
  template <class T>
  void operator()(T* object) const {
    release(object);
  }
};
template <class T, auto release>
using Owner = std::unique_ptr<T, Releaser<release>>;

using BioOwner = Owner<BIO, BIO_free_all>;
using KeyOwner = Owner<EVP_PKEY, EVP_PKEY_free>;
using CertificateOwner = Owner<X509, X509_free>;
using RequestOwner = Owner<X509_REQ, X509_REQ_free>;
using NameOwner = Owner<X509_NAME, X509_NAME_free>;
using DigestContextOwner = Owner<EVP_MD_CTX, EVP_MD_CTX_free>;
using ObjectOwner = Owner<ASN1_OBJECT, ASN1_OBJECT_free>;
using ExtensionOwner = Owner<X509_EXTENSION, X509_EXTENSION_free>;
using OctetsOwner = Owner<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free>;

/// An error whose detail is the first reason in this thread's queue of OpenSSL errors, the one
/// nearest to the cause; the queue is emptied.
base::Error openssl_error(base::Code code, std::string message);

/// A memory BIO that reads `bytes` where they lie.
BioOwner read_only_bio(std::string_view bytes);
/// What was written to a memory BIO; lives as long as that is not touched.
std::string_view bio_content(BIO* bio);

/// DER of exactly one object by one of OpenSSL's d2i functions; null where it refuses or leaves a
/// rest.
template <class T>
T* from_der_with(T* (*decode)(T**, const unsigned char**, long), std::string_view der) {
  const auto* at = reinterpret_cast<const unsigned char*>(der.data());
  const auto* const end = at + der.size();
  T* object = decode(nullptr, &at, static_cast<long>(der.size()));
  return object != nullptr && at == end ? object : nullptr;
}

/// The key of a SubjectPublicKeyInfo, or null. Keys on P-256 and P-384 are made from their point,
/// which is several times faster than OpenSSL 3.0's decoder and checks as well that it is on the
/// curve.
KeyOwner public_key(std::string_view spki);

/// Copies a key into a certificate or a request as it is written: OpenSSL 3.0's X509_set_pubkey and
/// X509_REQ_set_pubkey decode and encode it anew, which costs seven times a signature.
bool copy_key(X509_PUBKEY* target, const SpkiParts& key);

/// The digest that goes with a key's signature: SHA-384 for P-384, SHA-256 for the others, null for
/// those that bring their own (Ed25519).
const EVP_MD* signature_digest(const EVP_PKEY* key);

}  // namespace x509
