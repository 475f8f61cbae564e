// SPDX-License-Identifier: PostgreSQL
#include "x509/distinguished_name.h"

#include <array>

#include "base/text.h"
#include "x509/der.h"
#include "x509/openssl.h"

namespace x509 {
namespace {

// PostgreSQL's X509_NAME_to_cstring (be-secure-openssl.c) prints values by these.
constexpr unsigned long postgresql_flags =
    (ASN1_STRFLGS_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB)) |
    ASN1_STRFLGS_UTF8_CONVERT;

constexpr std::uint8_t set_tag = 0x31;
constexpr std::uint8_t utf8_string = 0x0c;

/// "CN", or the OID in digits where OpenSSL (and so PostgreSQL) has no name for it.
std::string attribute_name(const ASN1_OBJECT* object) {
  if (const int nid = OBJ_obj2nid(object); nid != NID_undef) return OBJ_nid2sn(nid);
  std::array<char, 128> digits{};
  OBJ_obj2txt(digits.data(), static_cast<int>(digits.size()), object, 1);
  return digits.data();
}

std::string utf8(const ASN1_STRING* value) {
  unsigned char* bytes = nullptr;
  const int length = ASN1_STRING_to_UTF8(&bytes, value);
  if (length < 0) {
    ERR_clear_error();
    return base::printable_line({reinterpret_cast<const char*>(ASN1_STRING_get0_data(value)),
                                 static_cast<std::size_t>(ASN1_STRING_length(value))});
  }
  std::string text = base::printable_line(
      {reinterpret_cast<const char*>(bytes), static_cast<std::size_t>(length)});
  OPENSSL_free(bytes);
  return text;
}

std::string attribute(std::string_view type, std::string_view value) {
  const std::string content =
      der::wrap(der::object_identifier, der::object_identifier_content(type)) +
      der::wrap(utf8_string, value);
  return der::wrap(set_tag, der::wrap(der::sequence, content));
}

}  // namespace

base::Result<NameTexts> read_name(std::string_view der) {
  const NameOwner name(from_der_with(d2i_X509_NAME, der));
  if (!name) {
    ERR_clear_error();
    return der::broken("name", "is no Name");
  }
  const BioOwner text(BIO_new(BIO_s_mem()));
  NameTexts texts;
  for (int i = 0; i < X509_NAME_entry_count(name.get()); ++i) {
    const X509_NAME_ENTRY* entry = X509_NAME_get_entry(name.get(), i);
    const ASN1_OBJECT* type = X509_NAME_ENTRY_get_object(entry);
    const ASN1_STRING* value = X509_NAME_ENTRY_get_data(entry);
    const std::string label = "/" + attribute_name(type) + "=";
    BIO_write(text.get(), label.data(), static_cast<int>(label.size()));
    if (ASN1_STRING_print_ex(text.get(), value, postgresql_flags) < 0) ERR_clear_error();
    if (OBJ_obj2nid(type) == NID_commonName) texts.common_names.push_back(utf8(value));
  }
  texts.slash = base::printable_line(bio_content(text.get()));
  return texts;
}

std::string write_name(const Subject& subject) {
  std::string attributes;
  if (!subject.organization.empty()) attributes += attribute("2.5.4.10", subject.organization);
  attributes += attribute("2.5.4.3", subject.common_name);
  return der::wrap(der::sequence, attributes);
}

}  // namespace x509
