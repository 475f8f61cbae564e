// SPDX-License-Identifier: PostgreSQL
// The bytes of a list of sessions: any are taken; each session that is read is a connection that
// can be written down and read again.
#include "fuzz/fuzzed.h"
#include "replay/sessions.h"

using fuzzed::must;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto sessions = replay::read_sessions("seen", fuzzed::text(data, size));
  if (!sessions) {
    must(sessions.error().message.starts_with("seen: row "), "an error names its row");
    return 0;
  }
  for (const replay::Session& session : *sessions) {
    const std::string written = to_string(session.connection);
    const auto again = admission::parse_connection(written);
    must(static_cast<bool>(again), "a session is a connection");
    must(to_string(*again) == written, "a connection is read as it was written");
  }
  return 0;
}
