// SPDX-License-Identifier: PostgreSQL
// The node's side of a conversation: it answers requests one after the other and executes nothing
// that the closed list does not name.
#pragma once

#include <functional>
#include <memory>

#include "base/result.h"
#include "fleet/doors.h"

namespace links {

/// Makes the engine that does what is asked on this host.
using OpenEngine =
    std::function<base::Result<std::unique_ptr<fleet::Conversation>>(const fleet::Brief&)>;

/// Writes the magic line, reads the hello, opens the engine, answers until the input ends between
/// two messages; an act in hand is finished first. The engine's errors are answers, not errors of
/// this function; so is its refusal to open, after which the conversation is over.
/// Errors: link_lost, link_timeout, protocol_*: what could not be read is refused with one last
/// message where that can still be sent.
base::Result<void> serve(int in, int out, const OpenEngine& open_engine);

}  // namespace links
