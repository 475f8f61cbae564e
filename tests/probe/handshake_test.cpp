// SPDX-License-Identifier: PostgreSQL
#include "probe/handshake.h"

#include <doctest/doctest.h>
#include <openssl/ec.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "probe/scratch_server.h"
#include "x509/certificate.h"
#include "x509/openssl.h"

using fleet::ServedFacts;
using scratch::Listener;
using namespace std::chrono_literals;

namespace {

ServedFacts asked(int port, const std::string& name = "", std::chrono::milliseconds limit = 10s) {
  return probe::NetworkProber(limit).handshake({"127.0.0.1", port, name});
}

bool says(const ServedFacts& served, const char* words) {
  return served.problem.find(words) != std::string::npos;
}

void answer(int fd, const std::string& bytes) {
  char request[8];
  if (::recv(fd, request, sizeof request, MSG_WAITALL) == 8)
    (void)!::send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
}

// Until the other side is gone, or ten seconds are over.
std::string drain(int fd) {
  std::string bytes;
  char block[4096];
  for (ssize_t got = 0; (got = ::recv(fd, block, sizeof block, 0)) > 0;)
    bytes.append(block, static_cast<std::size_t>(got));
  return bytes;
}

// A TLS server with a throw-away certificate, set up further by `change`.
struct TlsServer {
  using Context = x509::Owner<SSL_CTX, SSL_CTX_free>;
  Context context{SSL_CTX_new(TLS_server_method())};
  std::string name;  ///< what the client asked for

  TlsServer() {
    const x509::KeyOwner key(EVP_EC_gen("P-256"));
    const x509::CertificateOwner leaf(X509_new());
    X509_set_version(leaf.get(), 2);
    ASN1_INTEGER_set(X509_get_serialNumber(leaf.get()), 77);
    X509_gmtime_adj(X509_getm_notBefore(leaf.get()), -7200);
    X509_gmtime_adj(X509_getm_notAfter(leaf.get()), -3600);  // expired: it is shown all the same
    X509_set_pubkey(leaf.get(), key.get());
    X509_sign(leaf.get(), key.get(), EVP_sha256());
    SSL_CTX_use_certificate(context.get(), leaf.get());
    SSL_CTX_use_PrivateKey(context.get(), key.get());
  }
  bool serve(int fd) {
    answer(fd, "S");
    const x509::Owner<SSL, SSL_free> session(SSL_new(context.get()));
    SSL_set_fd(session.get(), fd);
    const bool done = SSL_accept(session.get()) == 1;
    if (const char* asked_for = SSL_get_servername(session.get(), TLSEXT_NAMETYPE_host_name))
      name = asked_for;
    if (done) {
      char byte = 0;
      // The polite end: zero return, not a broken connection.
      const int got = SSL_read(session.get(), &byte, 1);
      return SSL_get_error(session.get(), got) == SSL_ERROR_ZERO_RETURN;
    }
    return false;
  }
};

scratch::Server& server() {
  static scratch::Server only;
  return only;
}

bool no_server() {
  const std::string why = scratch::Server::why_not();
  if (!why.empty()) MESSAGE("skipped: " << why);
  return !why.empty();
}

}  // namespace

TEST_CASE("a real server with ssl = off answers, without TLS, and that is no problem") {
  if (no_server()) return;
  const ServedFacts served = asked(server().run("ssl=off"));
  CHECK(served.answered);
  CHECK(!served.tls);
  CHECK(served.problem == "");
  CHECK(served.asked_from == "controller");
}

TEST_CASE("a real server with ssl = on shows the certificate of its file") {
  if (no_server()) return;
  const ServedFacts served = asked(server().run(server().tls()), "db1.example.org");
  CHECK(served.problem == "");
  CHECK(served.answered);
  CHECK(served.tls);
  CHECK(served.protocol == "TLSv1.3");
  CHECK(served.cipher.starts_with("TLS_"));
  CHECK(!served.asks_client_certificate);
  CHECK(served.client_authorities.empty());
  const auto leaf = x509::Certificate::from_pem(served.certificate);
  const auto file = x509::Certificate::from_pem(scratch::read_text(server().path("server.crt")));
  REQUIRE(leaf);
  REQUIRE(file);
  CHECK(*leaf == *file);
}

TEST_CASE("a real server with ssl_ca_file asks for a certificate and names its authorities") {
  if (no_server()) return;
  const std::string trust = " ssl_ca_file=" + server().path("authority.crt");
  for (const char* limit : {"", " ssl_max_protocol_version=TLSv1.2"}) {
    const ServedFacts served = asked(server().run(server().tls() + trust + limit));
    CHECK(served.problem == "");
    CHECK(served.tls);
    CHECK(served.protocol == (*limit == '\0' ? "TLSv1.3" : "TLSv1.2"));
    CHECK(served.asks_client_certificate);
    CHECK(served.client_authorities ==
          std::vector<std::string>{"/O=shop/CN=pgseal client authority 1"});
  }
}

TEST_CASE("a handshake leaves a real server with no complaint in its log") {
  if (no_server()) return;
  const int port = server().run(server().tls());
  const auto before = scratch::read_text(server().log()).size();
  CHECK(asked(port).tls);
  server().run("ssl=off");  // the stop has waited for every backend
  const std::string log = scratch::read_text(server().log()).substr(before);
  CHECK(log.find("connection received") != std::string::npos);
  CHECK(log.find("could not") == std::string::npos);
  CHECK(log.find("authorized") == std::string::npos);
}

TEST_CASE("a listener that stays silent is given up in time") {
  const Listener silent([](int fd) { drain(fd); });
  const auto begun = std::chrono::steady_clock::now();
  const ServedFacts served = asked(silent.port(), "", 300ms);
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
  CHECK(!served.answered);
  CHECK(says(served, "no answer in time"));
}

TEST_CASE("a listener that is silent after S, or sends its bytes one by one, is given up in time") {
  const Listener slow([](int fd) {
    answer(fd, "S");
    // A TLS record that claims 16 KiB, and then a byte at a time for as long as somebody listens.
    (void)!::send(fd, "\x16\x03\x03\x40\x00", 5, MSG_NOSIGNAL);
    pollfd gone{fd, POLLRDHUP, 0};
    while (::poll(&gone, 1, 20) == 0)
      if (::send(fd, "\x02", 1, MSG_NOSIGNAL) != 1) return;
  });
  const auto begun = std::chrono::steady_clock::now();
  const ServedFacts served = asked(slow.port(), "", 500ms);
  CHECK(std::chrono::steady_clock::now() - begun < 3s);
  CHECK(served.answered);
  CHECK(!served.tls);
}

TEST_CASE("a port where nobody listens is a problem and no answer") {
  int port = 0;
  { const base::Fd closed = scratch::listener(port); }
  const ServedFacts served = asked(port);
  CHECK(!served.answered);
  CHECK(says(served, "could not connect: Connection refused."));
}

TEST_CASE("a name that does not resolve is a problem and no answer") {
  const ServedFacts served =
      probe::NetworkProber(3s, "db2").handshake({"no-such-host.invalid", 5432, ""});
  CHECK(!served.answered);
  CHECK(says(served, "could not resolve \"no-such-host.invalid\""));
  CHECK(served.asked_from == "db2");
}

TEST_CASE("the text of an error before TLS is not passed on") {
  const Listener refusing([](int fd) { answer(fd, "EFATAL: send your password to evil"); });
  const ServedFacts served = asked(refusing.port());
  CHECK(served.answered);
  CHECK(!served.tls);
  CHECK(says(served, "answered SSLRequest with an error"));
  CHECK(!says(served, "evil"));
}

TEST_CASE("bytes stuffed behind the S are named, and no handshake follows") {
  std::string sent;
  {
    const Listener stuffing([&](int fd) {
      answer(fd, "SEverything is well");
      sent = drain(fd);
    });
    const ServedFacts served = asked(stuffing.port());
    CHECK(served.answered);
    CHECK(!served.tls);
    CHECK(says(served, "CVE-2021-23222"));
  }
  CHECK(sent.empty());
}

TEST_CASE("what is no PostgreSQL server, or hangs up, is told apart") {
  const Listener other([](int fd) { answer(fd, "HTTP/1.1 400 Bad Request\r\n\r\n"); });
  const ServedFacts web = asked(other.port());
  CHECK(!web.answered);
  CHECK(says(web, "no PostgreSQL server"));
  const Listener closing([](int fd) { answer(fd, ""); });
  CHECK(says(asked(closing.port()), "closed without an answer"));
  const Listener breaking([](int fd) { answer(fd, "S"); });
  const ServedFacts broken = asked(breaking.port());
  CHECK(broken.answered);
  CHECK(!broken.tls);
  CHECK(broken.problem != "");
}

TEST_CASE("what is said after S but is not TLS is a failed handshake") {
  const Listener babbling([](int fd) {
    answer(fd, "S");
    char hello[64];
    if (::recv(fd, hello, sizeof hello, 0) > 0)
      (void)!::send(fd, "220 ready\r\n", 11, MSG_NOSIGNAL);
    drain(fd);
  });
  const ServedFacts served = asked(babbling.port());
  CHECK(served.answered);
  CHECK(!served.tls);
  CHECK(says(served, "the TLS handshake failed"));
}

TEST_CASE("an expired certificate is shown, the name is asked for, and the end is polite") {
  TlsServer tls;
  bool polite = false;
  ServedFacts served;
  {
    const Listener listening([&](int fd) { polite = tls.serve(fd); });
    served = asked(listening.port(), "db1.example.org");
  }
  CHECK(served.problem == "");
  CHECK(served.tls);
  CHECK(polite);
  CHECK(tls.name == "db1.example.org");
  const auto leaf = x509::Certificate::from_pem(served.certificate);
  REQUIRE(leaf);
  CHECK(leaf->serial_decimal == "77");
}

TEST_CASE("an address is never sent as a name") {
  TlsServer tls;
  {
    const Listener listening([&](int fd) { tls.serve(fd); });
    CHECK(asked(listening.port(), "10.7.0.11").tls);
  }
  CHECK(tls.name == "");
}

TEST_CASE("old protocols and weak keys are seen rather than refused") {
  TlsServer tls;
  SSL_CTX_set_min_proto_version(tls.context.get(), TLS1_VERSION);
  SSL_CTX_set_max_proto_version(tls.context.get(), TLS1_VERSION);
  SSL_CTX_set_security_level(tls.context.get(), 0);
  SSL_CTX_set_cipher_list(tls.context.get(), "ALL:@SECLEVEL=0");
  const Listener listening([&](int fd) { tls.serve(fd); });
  const ServedFacts served = asked(listening.port());
  CHECK(served.problem == "");
  CHECK(served.tls);
  CHECK(served.protocol == "TLSv1");
}

TEST_CASE("where TLS 1.2 fails for want of our certificate, what was shown before is known") {
  TlsServer tls;
  SSL_CTX_set_max_proto_version(tls.context.get(), TLS1_2_VERSION);
  SSL_CTX_set_verify(tls.context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  const Listener listening([&](int fd) { tls.serve(fd); });
  const ServedFacts served = asked(listening.port());
  CHECK(served.answered);
  CHECK(!served.tls);
  CHECK(served.asks_client_certificate);
  CHECK(x509::Certificate::from_pem(served.certificate));
  CHECK(says(served, "the TLS handshake failed"));
}
