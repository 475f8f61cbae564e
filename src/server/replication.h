// SPDX-License-Identifier: PostgreSQL
// How a standby connects to the server that it follows: where primary_conninfo stands, what it says
// without its secrets, and what it shall say. Pure: decided from what one look showed.
#pragma once

#include <string>

#include "base/result.h"
#include "fleet/facts.h"
#include "server/view.h"
#include "slots/files.h"

namespace server {

/// Null where primary_conninfo is empty; no secret is in it.
std::optional<fleet::ReplicationFacts> replication_facts(const ServerView& view);

/// The connection string as it is written. Error server_replication: it stands in no file, or libpq
/// would refuse it.
base::Result<std::string> written_conninfo(const ServerView& view);

/// `conninfo` with sslmode=verify-full and the three files of `pair`, absolute, because the
/// server's HOME need not be its user's home. Everything else stays byte for byte. Errors: parse.
base::Result<std::string> verifying_conninfo(const std::string& conninfo,
                                             const slots::SlotFiles& pair);

/// The text of the file where the string stands, with `conninfo` in its place.
base::Result<std::string> with_conninfo(const ServerView& view, const std::string& conninfo);

/// True where the receiver streams over a connection that was made with the TLS values of
/// `conninfo`.
bool streams_with(const ReceiverView& receiver, const std::string& conninfo);

}  // namespace server
