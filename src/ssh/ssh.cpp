// SPDX-License-Identifier: PostgreSQL
#include "ssh/ssh.h"

#include <fmt/format.h>
#include <sys/utsname.h>

#include <algorithm>
#include <random>
#include <thread>

#include "base/text.h"
#include "ssh/attempt.h"

namespace ssh {
namespace {

using base::Code;
using base::Result;
using std::chrono::milliseconds;

/// sshd's default MaxStartups (10:30:100) drops from the eleventh unauthenticated connection on.
constexpr int startups_of_a_jump = 8;
constexpr int most_retries = 3;

std::string own_architecture() {
  struct utsname name = {};
  return ::uname(&name) == 0 ? name.machine : "";
}

/// Between retries, so that those who were turned away together do not come again together.
milliseconds jitter(int retry) {
  std::random_device random;
  return milliseconds(std::uniform_int_distribution<int>(100, 500)(random) * (retry + 1));
}

}  // namespace

SshLinks::SshLinks(SshSetup setup)
    : setup_(std::move(setup)),
      call_{setup_.program, setup_.settings.options,
            static_cast<int>(setup_.timeouts.connect.count())},
      mentions_(ssh_mentions(call_.options, ssh_home())),
      image_(setup_.node_path),
      parallel_(std::max(1, setup_.settings.parallel)) {
  if (setup_.architecture.empty()) setup_.architecture = own_architecture();
}

Result<Resolved> SshLinks::resolve(const std::string& destination) {
  {
    const std::lock_guard lock(mutex_);
    const auto known = resolved_.find(destination);
    if (known != resolved_.end()) return known->second;
  }
  auto arguments = ssh_arguments(call_, destination);
  arguments.insert(arguments.begin() + 1, "-G");
  const links::Ran ran = TRY(links::run(arguments, links::after(setup_.timeouts.connect)));
  if (ran.status != 0)
    return base::error(Code::link_unreachable,
                       fmt::format("ssh does not accept \"{}\"", destination))
        .with_detail(std::string(base::trim(ran.errors)));
  auto resolved = parse_resolved(ran.output);
  const std::lock_guard lock(mutex_);
  return resolved_.emplace(destination, std::move(resolved)).first->second;
}

/// The jumps come sorted, so that two hosts with the same ones never wait for each other.
Result<std::vector<Gate::Pass>> SshLinks::pass_jumps(const std::string& destination) {
  std::vector<Gate::Pass> passes;
  if (!mentions_.jump) return passes;
  const Resolved resolved = TRY(resolve(destination));
  for (const auto& jump : resolved.jumps) {
    Gate* gate = nullptr;
    {
      const std::lock_guard lock(mutex_);
      auto& place = jumps_[jump];
      if (!place) place = std::make_unique<Gate>(startups_of_a_jump);
      gate = place.get();
    }
    passes.emplace_back(*gate);
  }
  return passes;
}

/// One further call, on this path only: `ssh -v` tells the key that the host offered.
base::Error SshLinks::with_fingerprint(base::Error error, const std::string& destination) {
  auto arguments = ssh_arguments(call_, destination);
  arguments.insert(arguments.begin() + 1, {"-v", "-o", "StrictHostKeyChecking=yes"});
  arguments.emplace_back("true");
  const auto ran =
      links::run(arguments, links::after(setup_.timeouts.connect + setup_.timeouts.login));
  const std::string key = ran ? offered_key(ran->errors) : "";
  if (!key.empty())
    error.detail = fmt::format("The host offers the key {}.\n{}", key, error.detail);
  return error;
}

Result<std::unique_ptr<fleet::Conversation>> SshLinks::open(const fleet::Host& host,
                                                            const fleet::Brief& brief) {
  const std::string destination = TRY(ssh_destination(host.link));
  NodePlace place {
    setup_.folder, TRY(image_.facts())
    .sha256
  };
  Target target{host.name,
                {},
                ssh_by_hand(call_, destination),
                ssh_accepting(call_, destination),
                setup_.architecture,
                setup_.timeouts};
  const Gate::Pass one_of_parallel(parallel_);
  for (int retries = 0;;) {
    target.arguments = ssh_arguments(call_, destination);
    target.arguments.push_back(TRY(remote_command(place)));
    auto attempt = std::make_unique<Attempt>(target, image_, TRY(pass_jumps(destination)));
    auto opened = attempt->run(brief);
    if (opened) return std::unique_ptr<fleet::Conversation>(std::move(opened).value());
    const bool anew = attempt->node_is_broken() && !place.reinstall;
    const bool again = attempt->turned_away() && retries < most_retries;
    attempt.reset();  // its ssh is gone before the next one starts
    if (anew) {
      place.reinstall = true;
    } else if (again) {
      std::this_thread::sleep_for(jitter(retries++));
    } else if (opened.error().code == Code::link_host_key_unknown) {
      return with_fingerprint(std::move(opened).error(), destination);
    } else {
      return std::move(opened).error();
    }
  }
}

Result<std::string> SshLinks::address_of(const fleet::Host& host) {
  if (!host.address.empty()) return host.address;
  const std::string destination = TRY(ssh_destination(host.link));
  // "user@name" alone is its own answer; a URI, or a name that the configuration maps, is not.
  if (!mentions_.host_name && destination.find("://") == std::string::npos)
    return destination.substr(destination.rfind('@') + 1);
  return TRY(resolve(destination))
  .host_name;
}

}  // namespace ssh
