// SPDX-License-Identifier: PostgreSQL
#include "server/receiver_watch.h"

#include <errno.h>
#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <charconv>

#include "base/fd.h"
#include "base/pack.h"
#include "base/text.h"
#include "server/replication.h"

namespace server {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

template <class Number>
Number number_of(std::string_view text) {
  Number number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

/// The parent of a process, 0 where it is gone: what is signalled must be the postmaster's child.
pid_t parent_of(pid_t process) {
  const auto text = base::read_file(fmt::format("/proc/{}/stat", process), 4096);
  if (!text) return 0;
  const std::size_t name_end = text->rfind(')');  // the name may hold anything: "pid (name) S ppid"
  if (name_end == std::string::npos || name_end + 4 >= text->size()) return 0;
  return number_of<pid_t>(std::string_view(*text).substr(name_end + 4));
}

Result<void> begin(Session& session, const Watch& watch) {
  if (watch.load) TRY(session.ask("select pg_reload_conf()"));
  if (watch.end && parent_of(watch.other_than) == watch.postmaster &&
      kill(watch.other_than, SIGTERM) != 0 && errno != ESRCH)
    return base::system_error(Code::server_replication, "could not signal the receiver", errno);
  return {};
}

Result<ReceiverView> look_at_receiver(Session& session) {
  const Rows rows = TRY(session.ask(receiver_query));
  ReceiverView receiver;
  if (rows.empty()) return receiver;
  receiver.status = text_of(rows[0].at(0));
  receiver.conninfo = text_of(rows[0].at(1));
  receiver.pid = number_of<int>(text_of(rows[0].at(2)));
  return receiver;
}

}  // namespace

std::string pack_watch(const Watch& watch) {
  return base::pack({watch.conninfo, std::to_string(watch.other_than), watch.load ? "1" : "",
                     watch.end ? "1" : "", std::to_string(watch.postmaster),
                     std::to_string(watch.limit.count())});
}

Result<Watch> unpack_watch(std::string_view packed) {
  const std::vector<std::string> items = TRY(base::unpack(packed));
  if (items.size() != 6) return base::error(Code::internal, "a watch cannot be read");
  Watch watch;
  watch.conninfo = items[0];
  watch.other_than = number_of<pid_t>(items[1]);
  watch.load = !items[2].empty();
  watch.end = !items[3].empty();
  watch.postmaster = number_of<pid_t>(items[4]);
  watch.limit = std::chrono::seconds(number_of<long>(items[5]));
  return watch;
}

Result<std::string> watch_by(Session& session, const Watch& watch) {
  TRY(begin(session, watch));
  const Clock::time_point deadline = Clock::now() + watch.limit;
  milliseconds pause{8};
  while (true) {
    const ReceiverView receiver = TRY(look_at_receiver(session));
    const bool right = watch.conninfo.empty() ? receiver.status == "streaming"
                                              : streams_with(receiver, watch.conninfo);
    if (right && receiver.pid != watch.other_than) return std::string();
    std::string last =
        receiver.status.empty() ? "no receiver runs" : "the receiver is " + receiver.status;
    if (receiver.pid != 0 && receiver.pid == watch.other_than)
      last = "the former receiver still runs: replay has not come to the end of what it received";
    if (Clock::now() >= deadline) return last;
    wait_for(session.descriptor(), false, std::min(deadline, Clock::now() + pause));
    pause = std::min(pause * 5 / 4, milliseconds(250));
  }
}

}  // namespace server
