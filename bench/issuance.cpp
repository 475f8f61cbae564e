// SPDX-License-Identifier: PostgreSQL
// Issues by turns: with OpenSSL's own calls, the shortest way that they allow, and at pgseal's desk,
// from a request to a certificate that was linted, with its entries in the ledger and its line in
// the audit log. The desk is asked as an apply asks it: by as many threads as hosts are carried out
// at once, whose entries share commits. Prints for each pair of turns the microseconds that one
// certificate took: CPU of the reference and ours (all threads'), then the clock's.
//
// With `pairs COUNT OUT` beside the folder: makes so many keys, their requests and their certificates,
// writes key and certificate into files of OUT, and prints the seconds of CPU and of the clock.
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <time.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

#include "operations/authorities.h"
#include "operations/parallel.h"
#include "x509/openssl.h"
#include "x509/request.h"

namespace {

constexpr int requests_of_a_turn = 1000;
constexpr int hosts_at_once = 64;  // the default of [ssh] parallel
constexpr int turns = 12;  // the first fills caches and is not printed

[[noreturn]] void give_up(const char* what) {
  std::fprintf(stderr, "bench_issuance: %s\n", what);
  ::exit(1);
}

base::Time now() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

double microseconds(clockid_t clock) {
  timespec at{};
  ::clock_gettime(clock, &at);
  return static_cast<double>(at.tv_sec) * 1e6 + static_cast<double>(at.tv_nsec) / 1e3;
}

std::vector<std::string> make_requests() {
  std::vector<std::string> requests;
  for (int i = 0; i < requests_of_a_turn; ++i) {
    const auto key = x509::PrivateKey::generate(x509::KeyType::p256);
    auto request = key ? x509::make_request(*key, "db1") : base::Result<std::string>(key.error());
    if (!request) give_up("no request");
    requests.push_back(std::move(request).value());
  }
  return requests;
}

/// The reference: an authority, and each call that a certificate cannot do without.
class Library {
 public:
  Library() : key_(EVP_EC_gen("P-256")), authority_(X509_new()) {
    X509_NAME* const name = X509_get_subject_name(authority_.get());
    add_text(name, "O", "shop");
    add_text(name, "CN", "authority");
    X509_set_pubkey(authority_.get(), key_.get());
    extend(authority_.get(), NID_subject_key_identifier, "hash");
  }

  void issue_all(const std::vector<std::string>& requests) {
    for (const std::string& request : requests)
      if (issue(request).empty()) give_up("an empty certificate");
  }

 private:
  std::string issue(const std::string& der) {
    const x509::RequestOwner request(x509::from_der_with(d2i_X509_REQ, der));
    EVP_PKEY* const key = request ? X509_REQ_get0_pubkey(request.get()) : nullptr;
    if (key == nullptr || X509_REQ_verify(request.get(), key) != 1) give_up("a bad request");
    const x509::CertificateOwner made(X509_new());
    fill(made.get(), X509_REQ_get_X509_PUBKEY(request.get()));
    if (X509_sign(made.get(), key_.get(), EVP_sha256()) <= 0) give_up("no signature");
    const x509::BioOwner out(BIO_new(BIO_s_mem()));
    PEM_write_bio_X509(out.get(), made.get());
    return std::string(x509::bio_content(out.get()));
  }

  static void add_text(X509_NAME* name, const char* field, const char* text) {
    X509_NAME_add_entry_by_txt(name, field, MBSTRING_UTF8,
                               reinterpret_cast<const unsigned char*>(text), -1, -1, 0);
  }

  void extend(X509* certificate, int nid, const char* text) {
    X509V3_CTX context;
    X509V3_set_ctx(&context, authority_.get(), certificate, nullptr, nullptr, 0);
    const x509::ExtensionOwner extension(X509V3_EXT_conf_nid(nullptr, &context, nid, text));
    if (!extension || X509_add_ext(certificate, extension.get(), -1) != 1) give_up("no extension");
  }

  /// X509_set_pubkey would decode and encode the key anew; this copies it.
  static void copy_key(X509* certificate, X509_PUBKEY* from) {
    ASN1_OBJECT* algorithm = nullptr;
    const unsigned char* bits = nullptr;
    int size = 0;
    X509_ALGOR* parameters = nullptr;
    X509_PUBKEY_get0_param(&algorithm, &bits, &size, &parameters, from);
    const ASN1_OBJECT* curve = nullptr;
    const void* value = nullptr;
    int type = 0;
    X509_ALGOR_get0(&curve, &type, &value, parameters);
    auto* copy = static_cast<unsigned char*>(OPENSSL_memdup(bits, static_cast<std::size_t>(size)));
    X509_PUBKEY_set0_param(X509_get_X509_PUBKEY(certificate), OBJ_dup(algorithm), type,
                           OBJ_dup(static_cast<const ASN1_OBJECT*>(value)), copy, size);
  }

  void fill(X509* made, X509_PUBKEY* key) {
    unsigned char serial[17];
    RAND_bytes(serial, sizeof serial);
    const x509::Owner<BIGNUM, BN_free> number(BN_bin2bn(serial, sizeof serial, nullptr));
    BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(made));
    X509_set_version(made, X509_VERSION_3);
    X509_set_issuer_name(made, X509_get_subject_name(authority_.get()));
    X509_gmtime_adj(X509_getm_notBefore(made), -3600);
    X509_gmtime_adj(X509_getm_notAfter(made), 90L * 86400);
    add_text(X509_get_subject_name(made), "O", "shop");
    add_text(X509_get_subject_name(made), "CN", "db1");
    copy_key(made, key);
    extend(made, NID_basic_constraints, "critical,CA:FALSE");
    extend(made, NID_key_usage, "critical,digitalSignature");
    extend(made, NID_ext_key_usage, "serverAuth");
    extend(made, NID_subject_key_identifier, "hash");
    extend(made, NID_authority_key_identifier, "keyid");
    extend(made, NID_subject_alt_name, "DNS:db1,DNS:db.shop.internal,IP:192.0.2.11");
  }

  x509::KeyOwner key_;
  x509::CertificateOwner authority_;
};

/// Ours: a state folder of its own, keys without a passphrase.
class Desk {
 public:
  explicit Desk(const std::string& folder) {
    environment_.name = "shop";
    environment_.state = folder + "/state";
    environment_.authority.unencrypted = true;
    auto made =
        ledger::Ledger::create(environment_.state, "shop", {1, "bench", "root", "bench"}, now());
    if (!made) give_up(made.error().message.c_str());
    ledger_.emplace(std::move(made).value());
    desk_.emplace(environment_, *ledger_, operations::PassphraseSource(), now);
    if (!desk_->found(1)) give_up("no authorities");
  }

  /// A key, a request, a certificate, in files of `folder`: what other tools are asked for as well.
  void make_pairs(std::size_t count, const std::string& folder) {
    const auto make = [&](std::size_t i) {
      const auto key = x509::PrivateKey::generate(x509::KeyType::p256);
      if (!key) give_up("no key");
      const auto request = x509::make_request(*key, "db1");
      if (!request) give_up("no request");
      const std::string certificate = issue(*request);
      std::ofstream(folder + "/" + std::to_string(i) + ".key") << key->to_pem().expose_secret();
      std::ofstream(folder + "/" + std::to_string(i) + ".crt") << certificate;
    };
    operations::in_parallel(count, hosts_at_once, make,
                            [](std::size_t, const char* text) { give_up(text); });
  }

  void issue_all(const std::vector<std::string>& requests) {
    operations::in_parallel(
        requests.size(), hosts_at_once, [&](std::size_t i) { issue(requests[i]); },
        [](std::size_t, const char* text) { give_up(text); });
  }

 private:
  std::string issue(const std::string& request) {
    operations::IssueOrder order;
    order.slot = fleet::server_slot("db1");
    order.host = "db1";
    order.names = {"db1", "db.shop.internal", "192.0.2.11"};
    order.days = 90;
    order.request = request;
    auto certificate = desk_->issue(order);
    if (!certificate) give_up(certificate.error().message.c_str());
    ledger::AuditEntry entry;
    entry.who = "root";
    entry.what = "install certificate finished";
    entry.host = order.host;
    entry.slot = "server:db1";
    if (!ledger_->append_audit(entry, now())) give_up("no line in the audit log");
    return std::move(certificate).value();
  }

  fleet::Environment environment_;
  std::optional<ledger::Ledger> ledger_;
  std::optional<operations::IssuingDesk> desk_;
};

struct Took {
  double cpu = 0;
  double wall = 0;
};

template <class Work>
Took take(const Work& work) {
  const double cpu = microseconds(CLOCK_PROCESS_CPUTIME_ID);
  const double wall = microseconds(CLOCK_MONOTONIC);
  work();
  return {microseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu, microseconds(CLOCK_MONOTONIC) - wall};
}

void print_turns(Desk& desk) {
  const std::vector<std::string> requests = make_requests();
  Library library;
  for (int i = 0; i < turns; ++i) {
    const Took theirs = take([&] { library.issue_all(requests); });
    const Took ours = take([&] { desk.issue_all(requests); });
    constexpr double each = requests_of_a_turn;
    if (i > 0)
      std::printf("%f %f %f %f\n", theirs.cpu / each, ours.cpu / each, theirs.wall / each,
                  ours.wall / each);
  }
}

void print_pairs(Desk& desk, std::size_t count, const std::string& folder) {
  const Took took = take([&] { desk.make_pairs(count, folder); });
  std::printf("%f %f\n", took.cpu / 1e6, took.wall / 1e6);
}

}  // namespace

int main(int argc, char** argv) {
  const bool pairs = argc == 5 && std::string_view(argv[2]) == "pairs";
  if (argc != 2 && !pairs) give_up("usage: bench_issuance FOLDER [pairs COUNT OUT]");
  Desk desk(argv[1]);
  if (pairs)
    print_pairs(desk, std::strtoul(argv[3], nullptr, 10), argv[4]);
  else
    print_turns(desk);
  return 0;
}
