// SPDX-License-Identifier: PostgreSQL
#include "host/child.h"

#include <errno.h>
#include <fmt/format.h>
#include <poll.h>
#include <pwd.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

#include <charconv>
#include <vector>

#include "base/fd.h"
#include "base/pack.h"
#include "host/fork_as.h"

namespace host {
namespace {

using base::Code;
using base::Result;
using Clock = std::chrono::steady_clock;

constexpr std::size_t answer_bytes = 64U << 20;

/// Until the end of the pipe; false where the deadline came first.
Result<bool> collect(int pipe, Clock::time_point end, std::string& answer) {
  char block[16384];
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end - Clock::now()).count();
    if (left <= 0) return false;
    pollfd waiting{pipe, POLLIN, 0};
    const int ready = ::poll(&waiting, 1, static_cast<int>(left));
    if (ready < 0 && errno != EINTR)
      return base::system_error(Code::file_io, "could not wait for a child", errno);
    if (ready <= 0) continue;
    const ssize_t got = ::read(pipe, block, sizeof block);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return base::system_error(Code::file_io, "could not read from a child", errno);
    if (got == 0) return true;
    answer.append(block, static_cast<std::size_t>(got));
    ::explicit_bzero(block, static_cast<std::size_t>(got));
    if (answer.size() > answer_bytes)
      return base::error(Code::file_io, "a child answered too much");
  }
}

}  // namespace

std::string pack_outcome(const Result<std::string>& outcome) {
  if (outcome) return base::pack({"value", *outcome});
  const base::Error& error = outcome.error();
  return base::pack({"error", std::to_string(static_cast<int>(error.code)), error.message,
                     error.detail, error.hint, error.while_doing});
}

Result<std::string> unpack_outcome(std::string_view bytes) {
  auto items = base::unpack(bytes);
  if (items && items->size() == 2 && items->front() == "value") return std::move((*items)[1]);
  if (!items || items->size() != 6 || items->front() != "error")
    return base::error(Code::internal, "a child answered in another form");
  int number = static_cast<int>(Code::internal);
  const std::string& digits = (*items)[1];
  std::from_chars(digits.data(), digits.data() + digits.size(), number);
  base::Error error = base::error(static_cast<Code>(number), (*items)[2]);
  error.detail = (*items)[3];
  error.hint = (*items)[4];
  error.while_doing = (*items)[5];
  return error;
}

OsUser root_user() { return {"root", 0, 0, "/root"}; }

Result<OsUser> find_user(const std::string& name) {
  std::vector<char> room(4096);
  passwd entry{};
  passwd* found = nullptr;
  int status = 0;
  while ((status = ::getpwnam_r(name.c_str(), &entry, room.data(), room.size(), &found)) == ERANGE)
    room.resize(room.size() * 2);
  if (found != nullptr)
    return OsUser{entry.pw_name, entry.pw_uid, entry.pw_gid,
                  entry.pw_dir == nullptr ? "" : entry.pw_dir};
  auto missing = base::error(Code::user_missing,
                             fmt::format("operating system user \"{}\" does not exist", name));
  if (status != 0 && status != ENOENT) return std::move(missing).with_detail(::strerror(status));
  return std::move(missing).with_hint(
      fmt::format("\"useradd --create-home {}\" makes it; or take it out of os_users.", name));
}

Result<std::string> as_user(const OsUser& user, std::chrono::seconds deadline,
                            const std::function<Result<std::string>()>& work) {
  auto [reading, writing] = TRY(base::make_pipe());
  const pid_t child = TRY(fork_as(user, writing.get(), [&](const Result<void>& became) {
    ::alarm(static_cast<unsigned>(deadline.count()) + 1);
    return base::write_all(kept_fd, pack_outcome(became ? work() : became.error())).operator bool();
  }));
  writing.reset();
  std::string answer;
  auto ended = collect(reading.get(), Clock::now() + deadline, answer);
  if (!ended || !*ended) ::kill(child, SIGKILL);
  reap(child);
  if (!ended) return std::move(ended).error();
  if (!*ended)
    return base::error(Code::file_io, fmt::format("work as user \"{}\" took longer than {} s",
                                                  user.name, deadline.count()))
        .with_detail("A home on a network file system whose server is away does this.");
  const auto items = base::unpack(answer);
  auto result = items && !items->empty()
                    ? unpack_outcome(answer)
                    : base::error(Code::file_io, fmt::format("the child working as user \"{}\" "
                                                             "died without an answer",
                                                             user.name));
  ::explicit_bzero(answer.data(), answer.size());
  return result;
}

}  // namespace host
