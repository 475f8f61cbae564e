// SPDX-License-Identifier: PostgreSQL
// A libpq client by its sslmode, as the manual's "SSL Support" and measurements on 15 have it:
// which files it reads, what it makes of them, when it goes on in plaintext, and whom the server
// lets in.
#pragma once

#include <array>
#include <string>
#include <vector>

#include "fakes/host.h"
#include "x509/certificate.h"

namespace fakes {

enum class SslMode { prefer, require, verify_ca, verify_full };
inline constexpr std::array<SslMode, 4> all_modes = {SslMode::prefer, SslMode::require,
                                                     SslMode::verify_ca, SslMode::verify_full};
const char* to_string(SslMode mode);

/// What a client gets, the more the better.
enum class Service { refused, plaintext, encrypted, verified };
const char* to_string(Service service);

/// What libpq opens anew at each connection.
struct ClientFiles {
  std::string trust;  ///< root.crt, PEM
  bool has_trust = false;
  std::string certificate;  ///< postgresql.crt
  bool has_certificate = false;
  std::string key;
  bool key_usable = false;  ///< it is there, its own and nobody else's
};
ClientFiles client_files_of(const Host& host, const std::string& environment,
                            const fleet::Slot& slot);
/// Those that a connection string names, as the user `uid` may read them.
ClientFiles client_files_at(const Disk& disk, uid_t uid, const std::string& trust,
                            const std::string& certificate, const std::string& key);

/// Parsed once for each text: a simulation asks the same certificates thousands of times.
const std::vector<x509::Certificate>& certificates_in(const std::string& pem);
/// A leaf that one of `authorities` signed and that is valid at `at`.
bool vouched_for(const x509::Certificate& leaf, const std::string& authorities, base::Time at);
/// Whether both files are one pair.
bool is_pair(const std::string& certificate, const std::string& key);

struct Attempt {
  Service service = Service::refused;
  std::string why;                 ///< where it is refused
  bool certificate_taken = false;  ///< one was asked for, shown and accepted
};

/// `address` is what the client verifies the certificate's names against (verify-full).
Attempt connect(const ClientFiles& client, SslMode mode, const Postgres& server,
                const std::string& address, base::Time at);

}  // namespace fakes
