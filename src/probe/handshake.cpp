// SPDX-License-Identifier: PostgreSQL
// The bytes between OpenSSL and the socket are carried here, through memory: so they are counted,
// end at the deadline, and a peer that is gone raises no SIGPIPE.
#include "probe/handshake.h"

#include <fmt/format.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <string>
#include <utility>

#include "base/text.h"
#include "probe/connection.h"
#include "x509/names.h"
#include "x509/openssl.h"

namespace probe {
namespace {

using base::Code;
using base::Result;
using fleet::ServedFacts;
using ContextOwner = x509::Owner<SSL_CTX, SSL_CTX_free>;
using SessionOwner = x509::Owner<SSL, SSL_free>;

constexpr std::size_t block_bytes = 16 * 1024;
/// A handshake has some kilobytes; the largest lists of authorities some hundred.
constexpr std::size_t handshake_bytes = 1024 * 1024;
constexpr int most_authorities = 256;

base::Error problem(std::string text) { return base::error(Code::server_probe, std::move(text)); }

// ---- SSLRequest ---------------------------------------------------------------------------------

enum class Answer { tls, no_tls, error, other };

/// PostgreSQL manual, "Message Formats", SSLRequest: length 8 and the code 80877103. The answer is
/// exactly one byte; no more is read, because what follows belongs to TLS.
Result<Answer> ask_for_tls(Connection& connection) {
  constexpr char request[8] = {0, 0, 0, 8, 0x04, '\xd2', 0x16, 0x2f};
  TRY(connection.send({request, sizeof request}));
  const std::string byte = TRY(connection.receive(1));
  if (byte.empty()) return problem("the connection was closed without an answer");
  switch (byte[0]) {
    case 'S':
      return Answer::tls;
    case 'N':
      return Answer::no_tls;
    case 'E':
      return Answer::error;
    default:
      return Answer::other;
  }
}

// ---- what the handshake shows -------------------------------------------------------------------

/// A name in PostgreSQL's slash form, on one line.
std::string slash_form(X509_NAME* name) {
  std::string text;
  for (int index = 0; index < X509_NAME_entry_count(name); ++index) {
    X509_NAME_ENTRY* const entry = X509_NAME_get_entry(name, index);
    const ASN1_OBJECT* const type = X509_NAME_ENTRY_get_object(entry);
    const int known = OBJ_obj2nid(type);
    char digits[128] = "?";
    if (known == NID_undef) OBJ_obj2txt(digits, sizeof digits, type, 1);
    unsigned char* utf8 = nullptr;
    const int length = ASN1_STRING_to_UTF8(&utf8, X509_NAME_ENTRY_get_data(entry));
    const std::string_view value(reinterpret_cast<const char*>(utf8),
                                 length > 0 ? static_cast<std::size_t>(length) : 0);
    text += fmt::format("/{}={}", known == NID_undef ? digits : OBJ_nid2sn(known),
                        base::printable_line(value));
    OPENSSL_free(utf8);
  }
  return text;
}

/// Called where the server sends a CertificateRequest, in either protocol.
int note_request(SSL* session, X509**, EVP_PKEY**) {
  auto* served = static_cast<ServedFacts*>(SSL_get_app_data(session));
  served->asks_client_certificate = true;
  served->client_authorities.clear();
  const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(session);
  for (int index = 0; index < sk_X509_NAME_num(names) && index < most_authorities; ++index)
    served->client_authorities.push_back(slash_form(sk_X509_NAME_value(names, index)));
  return 0;  // we have none to show
}

std::string pem_of(X509* certificate) {
  const x509::BioOwner out(BIO_new(BIO_s_mem()));
  if (out == nullptr || PEM_write_bio_X509(out.get(), certificate) != 1) return {};
  return std::string(x509::bio_content(out.get()));
}

/// Instead of a verification: notes the leaf as soon as it is there and lets it pass.
int note_leaf(X509_STORE_CTX* chain, void*) {
  const auto* session =
      static_cast<SSL*>(X509_STORE_CTX_get_ex_data(chain, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* const leaf = X509_STORE_CTX_get0_cert(chain);
  if (session != nullptr && leaf != nullptr)
    static_cast<ServedFacts*>(SSL_get_app_data(session))->certificate = pem_of(leaf);
  return 1;
}

// ---- TLS ----------------------------------------------------------------------------------------

class Handshake {
 public:
  Handshake(Connection& connection, ServedFacts& served)
      : connection_(connection), served_(served) {}

  Result<void> run(const std::string& name) {
    TRY(set_up(name));
    TRY(shake_hands());
    served_.tls = true;
    served_.protocol = SSL_get_version(session_.get());
    served_.cipher = SSL_get_cipher_name(session_.get());
    // A polite end, so that the server logs no broken connection; nobody waits for its answer.
    SSL_shutdown(session_.get());
    (void)static_cast<bool>(flush());
    return {};
  }

 private:
  Result<void> set_up(const std::string& name) {
    const ContextOwner context(SSL_CTX_new(TLS_client_method()));
    if (!context) return x509::openssl_error(Code::server_probe, "could not set up TLS");
    // What is served shall be seen: neither our age limits nor the system's decide here.
    SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context.get(), 0);
    SSL_CTX_set_security_level(context.get(), 0);
    SSL_CTX_set_cipher_list(context.get(), "ALL:@SECLEVEL=0");
    SSL_CTX_set_options(context.get(), SSL_OP_LEGACY_SERVER_CONNECT);
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
    SSL_CTX_set_cert_verify_callback(context.get(), note_leaf, nullptr);
    SSL_CTX_set_client_cert_cb(context.get(), note_request);
    session_.reset(SSL_new(context.get()));
    BIO* const in = BIO_new(BIO_s_mem());
    BIO* const out = BIO_new(BIO_s_mem());
    if (!session_ || in == nullptr || out == nullptr) {
      BIO_free(in);
      BIO_free(out);
      return x509::openssl_error(Code::server_probe, "could not set up TLS");
    }
    BIO_set_mem_eof_return(in, -1);  // an empty buffer means: ask the socket, not the end
    SSL_set_bio(session_.get(), in, out);
    SSL_set_app_data(session_.get(), &served_);
    // RFC 6066 section 3: no addresses.
    if (!name.empty() && !x509::parse_ip(name))
      SSL_set_tlsext_host_name(session_.get(), name.c_str());
    return {};
  }

  Result<void> shake_hands() {
    for (;;) {
      ERR_clear_error();
      const int done = SSL_connect(session_.get());
      const int reason = done == 1 ? SSL_ERROR_NONE : SSL_get_error(session_.get(), done);
      auto refusal = reason == SSL_ERROR_NONE || reason == SSL_ERROR_WANT_READ
                         ? base::Error{}
                         : x509::openssl_error(Code::server_probe, "the TLS handshake failed");
      auto sent = flush();  // also the alert that says what we did not like
      if (!refusal.message.empty()) return refusal;
      if (!sent) return sent;
      if (reason == SSL_ERROR_NONE) return {};
      TRY(feed());
    }
  }

  Result<void> flush() {
    BIO* const out = SSL_get_wbio(session_.get());
    const std::string bytes(x509::bio_content(out));
    BIO_reset(out);
    return connection_.send(bytes);
  }

  Result<void> feed() {
    const std::string bytes = TRY(connection_.receive(block_bytes));
    if (bytes.empty()) return problem("the connection was closed during the TLS handshake");
    received_ += bytes.size();
    if (received_ > handshake_bytes)
      return problem(fmt::format("the TLS handshake has more than {} bytes", handshake_bytes));
    const int taken =
        BIO_write(SSL_get_rbio(session_.get()), bytes.data(), static_cast<int>(bytes.size()));
    if (taken != static_cast<int>(bytes.size())) return problem("out of memory");
    return {};
  }

  Connection& connection_;
  ServedFacts& served_;
  SessionOwner session_;
  std::size_t received_ = 0;
};

Result<void> look(const fleet::HandshakeQuery& query, Deadline until, ServedFacts& served) {
  Connection connection = TRY(Connection::open(query.address, query.port, until));
  const Answer answer = TRY(ask_for_tls(connection));
  served.answered = answer != Answer::other;
  switch (answer) {
    case Answer::no_tls:
      return {};  // a fact, and no problem of the probe
    case Answer::error:
      return problem("the server answered SSLRequest with an error")
          .with_detail("Its text is not shown: before TLS anybody may have written it.");
    case Answer::other:
      return problem("what answers there is no PostgreSQL server");
    case Answer::tls:
      break;
  }
  if (connection.more_waiting())
    return problem("bytes stand behind the answer to SSLRequest, before TLS (CVE-2021-23222)");
  return Handshake(connection, served).run(query.name);
}

}  // namespace

NetworkProber::NetworkProber(std::chrono::milliseconds limit, std::string asked_from)
    : limit_(limit), asked_from_(std::move(asked_from)) {}

ServedFacts NetworkProber::handshake(const fleet::HandshakeQuery& query) {
  ServedFacts served;
  served.asked_from = asked_from_;
  const auto done = look(query, std::chrono::steady_clock::now() + limit_, served);
  if (done) return served;
  const base::Error& error = done.error();
  served.problem = error.message;
  if (!error.detail.empty()) served.problem += ": " + error.detail;
  return served;
}

}  // namespace probe
