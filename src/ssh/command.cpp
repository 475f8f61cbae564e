// SPDX-License-Identifier: PostgreSQL
#include "ssh/command.h"

#include <fmt/format.h>

#include <algorithm>

namespace ssh {
namespace {

using base::Code;
using base::Result;

constexpr std::string_view scheme = "ssh:";
constexpr std::string_view letters_and_digits =
    "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";

bool only(std::string_view text, std::string_view allowed_marks) {
  return std::all_of(text.begin(), text.end(), [allowed_marks](char c) {
    return letters_and_digits.find(c) != std::string_view::npos ||
           allowed_marks.find(c) != std::string_view::npos;
  });
}

std::string shell_word(const std::string& word) {
  if (!word.empty() && only(word, "%+,-./:=@_")) return word;
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return quoted + "'";
}

// The words of the script, in the order in which they run. `$0` is the whole script, so that sudo
// can be given the same one. {d} folder, {h} SHA-256, {n} its first half, {f} 1 to reinstall.

// Root without asking anyone, where root owns "/"; through sudo the script comes with an argument,
// so that it never calls sudo twice. A node that lies there already is run by sudo directly: that
// is one line in sudo's log which says what it is, and all that a sudoers rule must allow.
constexpr std::string_view become_root =
    "PATH=/usr/sbin:/usr/bin:/sbin:/bin; LC_ALL=C; export PATH LC_ALL; umask 022; "
    "d={d}; n=pgseal-node-{n}; f={f}; echo pgseal:login; "
    "if [ -O / ] || [ $# -gt 0 ] || [ $(id -u) = 0 ]; then :; "
    "elif [ $f = 0 ] && [ -x $d/$n ]; then echo pgseal:run; exec sudo -n -u root $d/$n; "
    "else exec sudo -n -u root /bin/sh -c \"$0\" \"$0\" sudo; fi; "
    "echo pgseal:root; "
    "if [ $f = 0 ] && [ -x $d/$n ]; then echo pgseal:run; exec $d/$n; fi; ";

// `ls -ldn` because stat(1) has no one form: the folder's mode, then its owner's number.
constexpr std::string_view take_bytes =
    "mkdir -p $d || exit 1; set -- $(ls -ldn $d); "
    "case $1,$3 in d????"
    "-??"
    "-*,0) ;; *) echo pgseal:refused mode $1, owner $3; exit 1;; esac; "
    "echo pgseal:need $(uname -m); read -r z || exit 1; "
    "umask 077; t=$(mktemp $d/.new.XXXXXX) || exit 1; "
    "trap \"rm -f $t\" EXIT; trap \"exit 1\" HUP INT PIPE TERM; "
    "head -c $z | gzip -dc >$t; "
    "case $(sha256sum $t) in {h}*) ;; *) echo pgseal:refused its SHA-256; exit 1;; esac; ";

// The newest other one stays, for a controller of the version before.
constexpr std::string_view put_and_run =
    "chmod 0755 $t && mv -f $t $d/$n || exit 1; trap - EXIT; k=0; "
    "for o in $(ls -t $d); do case $o in $n) ;; "
    "pgseal-node-*) k=$((k+1)); [ $k -lt 2 ] || rm -f $d/$o;; esac; done; "
    "find $d -name \".new.*\" -mmin +60 -exec rm -f {{}} +; "
    "echo pgseal:run; exec $d/$n";

}  // namespace

Result<std::string> ssh_destination(std::string_view link) {
  const std::string destination(link.starts_with(scheme) ? link.substr(scheme.size()) : "");
  const auto host = destination.substr(destination.rfind('@') + 1);  // npos + 1 is 0
  const bool blank_or_control = std::any_of(destination.begin(), destination.end(), [](char c) {
    return static_cast<unsigned char>(c) <= ' ' || c == '\x7f';
  });
  if (host.empty() || blank_or_control)
    return base::error(Code::config_value, fmt::format("\"{}\" names no ssh destination", link));
  if (destination.starts_with('-') || host.starts_with('-'))
    return base::error(Code::config_value,
                       fmt::format("\"{}\" would be an option to ssh, not a destination", link));
  return destination;
}

std::vector<std::string> ssh_arguments(const SshCall& call, const std::string& destination) {
  std::vector<std::string> arguments = {call.program, "-T"};
  const auto option = [&arguments](std::string value) {
    arguments.emplace_back("-o");
    arguments.push_back(std::move(value));
  };
  option("BatchMode=yes");
  option("ClearAllForwardings=yes");
  option("RemoteCommand=none");
  arguments.insert(arguments.end(), call.options.begin(), call.options.end());
  option(fmt::format("ConnectTimeout={}", call.connect_seconds));
  option("ServerAliveInterval=5");
  option("ServerAliveCountMax=3");
  option("ForwardAgent=no");
  option("ForwardX11=no");
  arguments.emplace_back("--");
  arguments.push_back(destination);
  return arguments;
}

std::string ssh_by_hand(const SshCall& call, const std::string& destination) {
  std::string text = shell_word(call.program);
  for (const auto& option : call.options) text += " " + shell_word(option);
  return text + " " + shell_word(destination) + " true";
}

std::string ssh_accepting(SshCall call, const std::string& destination) {
  call.options.insert(call.options.begin(), {"-o", "StrictHostKeyChecking=ask"});
  return ssh_by_hand(call, destination);
}

Result<std::string> remote_command(const NodePlace& place) {
  if (!place.folder.starts_with('/') || !only(place.folder, "/._-"))
    return base::error(Code::config_value,
                       fmt::format("\"{}\" cannot be the folder of pgseal-node", place.folder));
  const auto words = [&place](std::string_view text) {
    return fmt::format(fmt::runtime(text), fmt::arg("d", place.folder), fmt::arg("h", place.sha256),
                       fmt::arg("n", place.sha256.substr(0, 32)),
                       fmt::arg("f", place.reinstall ? 1 : 0));
  };
  return "exec /bin/sh -c 'eval \"$0\"' '" + words(become_root) + words(take_bytes) +
         words(put_and_run) + "'";
}

}  // namespace ssh
