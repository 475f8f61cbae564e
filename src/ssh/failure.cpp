// SPDX-License-Identifier: PostgreSQL
#include "ssh/failure.h"

#include <fmt/format.h>

#include <string_view>

#include "base/text.h"

namespace ssh {
namespace {

using base::Code;

struct Pattern {
  std::string_view words;  ///< within one of ssh's lines
  Code code;
  std::string_view message;  ///< {} is the host
};

/// OpenSSH's own words (ssh.c, sshconnect.c, sshconnect2.c, misc.c), the more telling first: a jump
/// host's failure is told by its own ssh before the outer one complains that it lost its banner.
constexpr Pattern patterns[] = {
    {"REMOTE HOST IDENTIFICATION HAS CHANGED", Code::link_host_key_changed,
     "the ssh key of \"{}\" is not the known one"},
    {"has changed and you have requested strict checking", Code::link_host_key_changed,
     "the ssh key of \"{}\" is not the known one"},
    {"Host key verification failed", Code::link_host_key_unknown,
     "the ssh key of \"{}\" is not known yet"},
    {": Permission denied (", Code::link_login, "ssh could not log in to \"{}\""},
    {"Too many authentication failures", Code::link_login, "ssh could not log in to \"{}\""},
    {"Could not resolve hostname", Code::link_unreachable, "the host name of \"{}\" is not known"},
    {"Connection refused", Code::link_unreachable, "\"{}\" refuses ssh connections"},
    {"timed out", Code::link_unreachable, "\"{}\" did not answer in time"},
    {"No route to host", Code::link_unreachable, "there is no route to \"{}\""},
    {"Network is unreachable", Code::link_unreachable, "there is no route to \"{}\""},
    {"Not allowed at this time", Code::link_unreachable, "\"{}\" penalises this address"},
};

/// ssh ends the lines of its own log with a carriage return and a newline.
std::string detail_of(const Ending& ending) {
  std::string text(base::trim(ending.errors));
  for (auto at = text.find("\r\n"); at != std::string::npos; at = text.find("\r\n", at))
    text.erase(at, 1);
  return text;
}

base::Error made(Code code, std::string message, const Ending& ending) {
  return base::error(code, std::move(message)).with_detail(detail_of(ending));
}

const Pattern* pattern_of(const std::string& errors) {
  for (const auto& pattern : patterns)
    if (errors.find(pattern.words) != std::string::npos) return &pattern;
  return nullptr;
}

base::Error hinted(base::Error error, const Ending& ending) {
  switch (error.code) {
    case Code::link_host_key_unknown:
      return std::move(error).with_hint(
          "Compare the fingerprint with the host's own, then accept it with: " + ending.accepting);
    case Code::link_host_key_changed:
      return std::move(error).with_hint(
          "Find out why before anything else: a new installation, or somebody in between.");
    default:
      return std::move(error).with_hint("Try the same by hand: " + ending.by_hand);
  }
}

/// Before the remote command said anything.
base::Error before_login(const Ending& ending) {
  if (!ending.status)
    return hinted(made(Code::link_timeout,
                       fmt::format("\"{}\" did not let ssh log in in time", ending.host), ending),
                  ending);
  if (*ending.status == 255) {
    const Pattern* pattern = pattern_of(ending.errors);
    if (pattern == nullptr)
      return hinted(made(Code::link_unreachable,
                         fmt::format("ssh could not reach \"{}\"", ending.host), ending),
                    ending);
    return hinted(
        made(pattern->code, fmt::format(fmt::runtime(pattern->message), ending.host), ending),
        ending);
  }
  if (base::trim(ending.noise).empty())
    return hinted(
        made(Code::link_login, fmt::format("the login shell of \"{}\" ran no command", ending.host),
             ending),
        ending);
  return base::error(Code::protocol_garbage,
                     fmt::format("something else than a shell answered at \"{}\"", ending.host))
      .with_detail(std::string(base::trim(ending.noise + ending.errors)))
      .with_hint("Look for a forced command or a shell that does not end.");
}

base::Error install_failure(const Ending& ending) {
  if (!ending.refused.empty())
    return base::error(
               Code::link_install,
               fmt::format("pgseal-node could not be put into place on \"{}\"", ending.host))
        .with_detail("Refused there: " + ending.refused + ".\n" + detail_of(ending))
        .with_hint(
            "The folder must be root's, and writable by nobody else; the file must arrive whole.");
  return made(Code::link_install,
              fmt::format("pgseal-node could not be put into place on \"{}\"", ending.host), ending)
      .with_hint("Look at space, mounts (noexec) and mode of its folder there.");
}

}  // namespace

base::Error failure_of(const Ending& ending) {
  if (ending.stage == Stage::none) return before_login(ending);
  if (!ending.status)
    return made(Code::link_timeout, fmt::format("\"{}\" did not answer in time", ending.host),
                ending);
  if (*ending.status == 255)
    return made(Code::link_lost, fmt::format("the connection to \"{}\" was lost", ending.host),
                ending)
        .with_hint("Run the command again: it observes what was done.");
  if (ending.stage == Stage::login)
    return made(Code::link_sudo,
                fmt::format("the login on \"{}\" cannot become root without a password",
                            ending.host),
                ending)
        .with_hint("Let it run sudo without a password, or log in as root.");
  return install_failure(ending);
}

bool turned_away(const Ending& ending) {
  return ending.stage == Stage::none && ending.status == 255 &&
         ending.errors.find("_exchange_identification:") != std::string::npos &&
         pattern_of(ending.errors) == nullptr;
}

/// Also with ssh's own 255: that is what it ends with after a remote program that a signal killed.
bool node_is_broken(const Ending& ending) {
  return ending.stage == Stage::run && ending.status.has_value();
}

std::string offered_key(const std::string& verbose_errors) {
  constexpr std::string_view words = "Server host key: ";
  const auto at = verbose_errors.rfind(words);
  if (at == std::string::npos) return "";
  const auto rest = std::string_view(verbose_errors).substr(at + words.size());
  return std::string(base::trim(rest.substr(0, rest.find('\n'))));
}

}  // namespace ssh
