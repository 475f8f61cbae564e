// SPDX-License-Identifier: PostgreSQL
#include "survey/resolve.h"

#include <errno.h>
#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

#include <memory>
#include <optional>

#include "base/fd.h"
#include "base/text.h"
#include "server/sql.h"
#include "x509/names.h"

namespace survey {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::size_t most_children = 8;
constexpr std::size_t most_bytes = 8UL * 1024 * 1024;

struct Free {
  void operator()(addrinfo* list) const { ::freeaddrinfo(list); }
};
using Addresses = std::unique_ptr<addrinfo, Free>;

Addresses look_up(const std::string& name, int flags) {
  addrinfo wanted{};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = flags;
  addrinfo* found = nullptr;
  return Addresses(::getaddrinfo(name.c_str(), nullptr, &wanted, &found) == 0 ? found : nullptr);
}

std::string address_of(const addrinfo& entry) {
  char text[NI_MAXHOST] = {};
  ::getnameinfo(entry.ai_addr, entry.ai_addrlen, text, sizeof text, nullptr, 0, NI_NUMERICHOST);
  return text;
}

/// Empty where it has no name, or one that does not lead back.
std::string name_of(const std::string& address) {
  const Addresses numeric = look_up(address, AI_NUMERICHOST);
  char text[NI_MAXHOST] = {};
  if (numeric == nullptr || ::getnameinfo(numeric->ai_addr, numeric->ai_addrlen, text, sizeof text,
                                          nullptr, 0, NI_NAMEREQD) != 0)
    return "";
  std::string name = base::lower(text);
  if (!x509::valid_dns_name(name)) return "";
  const Addresses back = look_up(name, 0);
  for (const addrinfo* each = back.get(); each != nullptr; each = each->ai_next)
    if (address_of(*each) == address) return name;
  return "";
}

/// Every `step`th address from `first` on. A line is shorter than PIPE_BUF, so the children's lines
/// do not mix.
[[noreturn]] void answer(const std::vector<std::string>& addresses, std::size_t first,
                         std::size_t step, int out) {
  ::signal(SIGPIPE, SIG_DFL);
  for (std::size_t at = first; at < addresses.size(); at += step) {
    const std::string name = name_of(addresses[at]);
    if (name.empty()) continue;
    if (!base::write_all(out, fmt::format("{} {}\n", at, name))) break;
  }
  ::_exit(0);
}

class Children {
 public:
  Children() = default;
  Children(const Children&) = delete;
  Children& operator=(const Children&) = delete;
  ~Children() {
    for (const pid_t pid : pids_) {
      ::kill(pid, SIGKILL);
      while (::waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
      }
    }
  }
  void add(pid_t pid) { pids_.push_back(pid); }

 private:
  std::vector<pid_t> pids_;
};

std::string read_until(int in, Clock::time_point deadline) {
  std::string all;
  char piece[4096];
  while (all.size() < most_bytes && server::wait_for(in, false, deadline)) {
    const ssize_t got = ::read(in, piece, sizeof piece);
    if (got == 0 || (got < 0 && errno != EINTR)) break;
    if (got > 0) all.append(piece, static_cast<std::size_t>(got));
  }
  return all;
}

}  // namespace

base::Result<std::map<std::string, std::string>> names_of(const std::vector<std::string>& addresses,
                                                          std::chrono::milliseconds limit) {
  auto [in, out] = TRY(base::make_pipe());
  Children children;
  const std::size_t step = std::min(most_children, addresses.size());
  for (std::size_t first = 0; first < step; ++first) {
    const pid_t pid = ::fork();
    if (pid < 0) return base::system_error(base::Code::file_io, "could not start a child", errno);
    if (pid == 0) answer(addresses, first, step, out.get());
    children.add(pid);
  }
  out.reset();
  std::string all = read_until(in.get(), Clock::now() + limit);
  all.resize(all.rfind('\n') + 1);  // what the deadline cut is no name
  std::map<std::string, std::string> names;
  for (const std::string_view line : base::split(all, '\n')) {
    const std::size_t blank = line.find(' ');
    if (blank == line.npos) continue;
    const std::size_t at = std::stoul(std::string(line.substr(0, blank)));
    names[addresses.at(at)] = std::string(line.substr(blank + 1));
  }
  return names;
}

}  // namespace survey
