// SPDX-License-Identifier: PostgreSQL
// Asks a server who streams from it and who is connected to it.
#pragma once

#include "base/result.h"
#include "survey/cluster.h"
#include "survey/conversation.h"

namespace survey {

/// Of a list that is longer than its limit the rest is cut and said. Errors: those of
/// Conversation::open; server_privilege, where the role sees only its own sessions; server_query
/// for what else the server refuses or answers.
base::Result<Cluster> ask(const Dsn& dsn, const Limits& limits = {});

}  // namespace survey
