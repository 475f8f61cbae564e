// SPDX-License-Identifier: PostgreSQL
// Asks a PostgreSQL server from outside what it serves: SSLRequest, a TLS handshake, and away. It
// sends no StartupMessage, so a server that logs connections has one line of it and no more.
// Nothing is verified: a probe that refused an expired certificate could not report it. For the
// same reason it takes TLS 1.0 and weak keys: what is served shall be seen, and no secret is sent.
#pragma once

#include <chrono>
#include <string>

#include "fleet/doors.h"

namespace probe {

/// All of one handshake, name resolution included, ends within this time.
constexpr std::chrono::milliseconds handshake_limit = std::chrono::seconds(5);

/// Safe from several threads: it keeps no state but its settings.
class NetworkProber : public fleet::Prober {
 public:
  /// `asked_from` is what ServedFacts::asked_from will say.
  explicit NetworkProber(std::chrono::milliseconds limit = handshake_limit,
                         std::string asked_from = "controller");

  /// `answered` is true from the first of the three answers to SSLRequest on: S, N or an error
  /// (whose text is not passed on: before TLS anybody on the way may have written it). Bytes that
  /// stand behind the S before TLS began are stuffing (CVE-2021-23222), and the handshake is not
  /// tried. `certificate` and `asks_client_certificate` are given also where the handshake failed
  /// after the server showed them.
  fleet::ServedFacts handshake(const fleet::HandshakeQuery& query) override;

 private:
  std::chrono::milliseconds limit_;
  std::string asked_from_;
};

}  // namespace probe
