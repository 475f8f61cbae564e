// SPDX-License-Identifier: PostgreSQL
// The bytes of a server's log: any are taken, in parts of any size alike; each connection that is
// told can be judged, and of the text before a newline more text takes nothing away.
#include <algorithm>
#include <cstring>

#include "fuzz/fuzzed.h"
#include "replay/log_replay.h"

using fuzzed::must;

namespace {

/// Small, so that lines are longer.
constexpr std::size_t buffer = 1024;

struct Taken {
  std::string text;
  std::uint64_t count = 0;
  bool good = false;
};

Taken taken(std::string_view log, const std::string& prefix, std::size_t part) {
  Taken made;
  const server_log::Read read = [log, part](char* to,
                                            std::size_t room) mutable -> base::Result<std::size_t> {
    const std::size_t length = std::min({room, log.size(), part});
    if (length > 0) std::memcpy(to, log.data(), length);
    log.remove_prefix(length);
    return length;
  };
  const auto summary = server_log::read_connections(
      read, {"log", prefix, buffer}, [&](const server_log::Connection& each) {
        ++made.count;
        for (const std::string* text : {&each.host, &each.user, &each.database, &each.application})
          made.text.append(*text) += '\n';
        const auto session = replay::session_of(each, {15, 1});
        must(!session || !session->authenticated || !each.user.empty(), "a session has a user");
        must(!session || session->connection.address.has_value() !=
                             (session->address_unknown || server_log::by_socket(each)),
             "an address is told, or it is not");
      });
  made.good = static_cast<bool>(summary);
  if (summary)
    must(summary->authorized + summary->failed + summary->failed_at_start + summary->abandoned ==
             made.count,
         "all that are given are counted");
  return made;
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  std::string_view rest = fuzzed::text(data, size);
  // The first line is a prefix, where it begins so.
  std::string prefix;
  if (rest.starts_with("prefix:")) prefix = fuzzed::first_line(rest).substr(7);
  const Taken whole = taken(rest, prefix, std::string::npos);
  const Taken parts = taken(rest, prefix, 13);
  must(whole.good == parts.good && whole.text == parts.text, "parts are read as the whole is");
  return 0;
}
