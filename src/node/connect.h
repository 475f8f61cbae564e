// SPDX-License-Identifier: PostgreSQL
// Connects as an identity would, to prove what it has: as its OS user, with its own files, found as
// libpq finds them by itself, with every certificate and name verified. One attempt, no query.
#pragma once

#include <chrono>

#include "base/result.h"
#include "fleet/act.h"
#include "server/sql.h"

namespace node {

/// The level that a failed attempt reached. `over_tls`: the handshake had succeeded;
/// `needs_password` as PQconnectionNeedsPassword says. 28000 has several causes with translated
/// texts, so the server's routine decides: ClientAuthentication (auth.c) is before any rule let it
/// in, auth_failed is the method's own refusal, and everything later comes after authentication.
fleet::ConnectLevel level_of(const server::ServerMessage& message, bool over_tls,
                             bool needs_password);

/// Tries it. A connection that fails is no error: the report says how far it came. An address that
/// is empty or begins with a slash is a socket's folder: TLS is no part of that. Passwords come
/// only from the OS user's own ~/.pgpass. Errors: user_missing, and what forking meets.
base::Result<fleet::ConnectReport> connect_as(const fleet::ConnectQuery& query,
                                              const fleet::Brief& brief);

/// "libpq 15.20 (built in)"
std::string libpq_name();

}  // namespace node
