// SPDX-License-Identifier: PostgreSQL
#include "probe/handshake.h"

#include <errno.h>
#include <fmt/format.h>
#include <netdb.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <memory>
#include <utility>

#include "base/fd.h"
#include "x509/openssl.h"

namespace probe {
namespace {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;
using base::Code;
using base::Fd;
using base::Result;
using fleet::ServedFacts;
using ContextOwner = x509::Owner<SSL_CTX, SSL_CTX_free>;
using SessionOwner = x509::Owner<SSL, SSL_free>;

base::Error problem(std::string text) { return base::error(Code::server_probe, std::move(text)); }

/// Waits until `events` can be done on `fd`, or gives the error of the time that ran out.
Result<void> wait_for(int fd, short events, Deadline until) {
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(until - Clock::now()).count();
    if (left <= 0) return problem("no answer in time");
    struct pollfd one = {fd, events, 0};
    const int ready = ::poll(&one, 1, static_cast<int>(left));
    if (ready > 0) return {};
    if (ready < 0 && errno != EINTR)
      return base::system_error(Code::server_probe, "could not wait", errno);
  }
}

Result<Fd> connect_to(const struct addrinfo& address, Deadline until) {
  Fd fd(::socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.open()) return base::system_error(Code::server_probe, "could not make a socket", errno);
  if (::connect(fd.get(), address.ai_addr, address.ai_addrlen) == 0) return fd;
  if (errno != EINPROGRESS)
    return base::system_error(Code::server_probe, "could not connect", errno);
  TRY(wait_for(fd.get(), POLLOUT, until));
  int failed = 0;
  socklen_t size = sizeof failed;
  if (::getsockopt(fd.get(), SOL_SOCKET, SO_ERROR, &failed, &size) != 0) failed = errno;
  if (failed != 0) return base::system_error(Code::server_probe, "could not connect", failed);
  return fd;
}

/// The first of the name's addresses that takes the connection.
Result<Fd> connect_to(const std::string& host, int port, Deadline until) {
  struct addrinfo hints = {};
  hints.ai_socktype = SOCK_STREAM;
  struct addrinfo* list = nullptr;
  const int failed = ::getaddrinfo(host.c_str(), fmt::to_string(port).c_str(), &hints, &list);
  if (failed != 0)
    return problem(fmt::format("could not resolve \"{}\": {}", host, ::gai_strerror(failed)));
  const std::unique_ptr<struct addrinfo, decltype(&::freeaddrinfo)> owner(list, ::freeaddrinfo);
  base::Error last = problem("no address");
  for (const struct addrinfo* one = list; one != nullptr; one = one->ai_next) {
    auto fd = connect_to(*one, until);
    if (fd) return fd;
    last = std::move(fd).error();
  }
  return last;
}

enum class SslAnswer { yes, no, error, stuffed, other };

/// PostgreSQL manual, "Frontend/Backend Protocol", SSLRequest: the code 80877103, then exactly one
/// byte. Looked at with MSG_PEEK first, so that bytes behind it are seen and not taken.
Result<SslAnswer> ask_for_tls(int fd, Deadline until) {
  constexpr unsigned char request[8] = {0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f};
  if (::send(fd, request, sizeof request, MSG_NOSIGNAL) != sizeof request)
    return base::system_error(Code::server_probe, "could not send", errno);
  TRY(wait_for(fd, POLLIN, until));
  char seen[2] = {};
  const ssize_t waiting = ::recv(fd, seen, sizeof seen, MSG_PEEK);
  if (waiting < 0) return base::system_error(Code::server_probe, "could not receive", errno);
  if (waiting == 0) return problem("the connection was closed without an answer");
  if (seen[0] == 'N') return SslAnswer::no;
  if (seen[0] == 'E') return SslAnswer::error;
  if (seen[0] != 'S') return SslAnswer::other;
  if (waiting > 1) return SslAnswer::stuffed;
  if (::recv(fd, seen, 1, 0) != 1) return problem("could not receive");
  return SslAnswer::yes;
}

/// What the handshake is asked to note; OpenSSL hands it back to the callback.
int note_request(SSL* session, X509**, EVP_PKEY**) {
  auto* served = static_cast<ServedFacts*>(SSL_get_app_data(session));
  served->asks_client_certificate = true;
  const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(session);
  for (int i = 0; i < sk_X509_NAME_num(names); ++i) {
    char* text = X509_NAME_oneline(sk_X509_NAME_value(names, i), nullptr, 0);
    if (text != nullptr) served->client_authorities.emplace_back(text);
    OPENSSL_free(text);
  }
  return 0;  // none to show
}

std::string pem_of(X509* certificate) {
  const x509::BioOwner out(BIO_new(BIO_s_mem()));
  if (out == nullptr || PEM_write_bio_X509(out.get(), certificate) != 1) return {};
  return std::string(x509::bio_content(out.get()));
}

Result<SessionOwner> session_on(int fd, const fleet::HandshakeQuery& query, ServedFacts& served) {
  const ContextOwner context(SSL_CTX_new(TLS_client_method()));
  if (context == nullptr) return x509::openssl_error(Code::internal, "could not set up TLS");
  SSL_CTX_set_min_proto_version(context.get(), TLS1_VERSION);
  SSL_CTX_set_security_level(context.get(), 0);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_client_cert_cb(context.get(), note_request);
  SessionOwner session(SSL_new(context.get()));
  if (session == nullptr || SSL_set_fd(session.get(), fd) != 1)
    return x509::openssl_error(Code::internal, "could not set up TLS");
  SSL_set_app_data(session.get(), &served);
  if (!query.name.empty()) SSL_set_tlsext_host_name(session.get(), query.name.c_str());
  return session;
}

Result<void> shake_hands(SSL* session, int fd, Deadline until) {
  for (;;) {
    ERR_clear_error();
    const int done = SSL_connect(session);
    if (done == 1) return {};
    switch (SSL_get_error(session, done)) {
      case SSL_ERROR_WANT_READ: TRY(wait_for(fd, POLLIN, until)); break;
      case SSL_ERROR_WANT_WRITE: TRY(wait_for(fd, POLLOUT, until)); break;
      default: return x509::openssl_error(Code::server_probe, "TLS handshake failed");
    }
  }
}

Result<void> speak_tls(int fd, const fleet::HandshakeQuery& query, Deadline until,
                       ServedFacts& served) {
  const SessionOwner session = TRY(session_on(fd, query, served));
  const auto done = shake_hands(session.get(), fd, until);
  if (X509* leaf = SSL_get0_peer_certificate(session.get())) served.certificate = pem_of(leaf);
  if (!done) return done;
  served.tls = true;
  served.protocol = SSL_get_version(session.get());
  served.cipher = SSL_get_cipher_name(session.get());
  SSL_shutdown(session.get());  // a polite end; whether it arrives matters to nobody
  return {};
}

Result<void> look(const fleet::HandshakeQuery& query, Deadline until, ServedFacts& served) {
  const Fd fd = TRY(connect_to(query.address, query.port, until));
  const SslAnswer answer = TRY(ask_for_tls(fd.get(), until));
  served.answered = answer != SslAnswer::other;
  switch (answer) {
    case SslAnswer::yes: return speak_tls(fd.get(), query, until, served);
    case SslAnswer::no: return problem("the server answers without TLS");
    case SslAnswer::error: return problem("the server answered SSLRequest with an error");
    case SslAnswer::stuffed:
      return problem("bytes stand behind the answer to SSLRequest (CVE-2021-23222)");
    case SslAnswer::other: return problem("what answers there is no PostgreSQL server");
  }
  return {};
}

}  // namespace

NetworkProber::NetworkProber(std::chrono::milliseconds limit, std::string asked_from)
    : limit_(limit), asked_from_(std::move(asked_from)) {}

ServedFacts NetworkProber::handshake(const fleet::HandshakeQuery& query) {
  ServedFacts served;
  served.asked_from = asked_from_;
  const auto done = look(query, Clock::now() + limit_, served);
  if (done) return served;
  served.problem = done.error().message;
  if (!done.error().detail.empty()) served.problem += ": " + done.error().detail;
  return served;
}

}  // namespace probe
