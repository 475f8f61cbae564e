// SPDX-License-Identifier: PostgreSQL
// What local_sshd.h promises. A *_test.cpp so that it is compiled with the tests.
#include "ssh/local_sshd.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include <filesystem>

#include "base/fd.h"
#include "base/text.h"

namespace {

constexpr std::chrono::seconds patience{20};

/// A port that nobody listens at, as long as nobody else asks for one.
int free_port() {
  const base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  auto* generic = reinterpret_cast<struct sockaddr*>(&address);
  REQUIRE(::bind(socket.get(), generic, length) == 0);
  REQUIRE(::getsockname(socket.get(), generic, &length) == 0);
  return ntohs(address.sin_port);
}

void write(const std::string& path, const std::string& text, unsigned mode = 0644) {
  REQUIRE(base::write_file_durably(path, text, mode));
}

// $1 is the folder. It ends with its input, that is with the test program, whatever ends that.
constexpr const char* keep_sshd = R"(
  set -e
  for file in passwd shadow group sudoers; do mount --bind "$1/$file" /etc/$file; done
  mount -t tmpfs none /run
  mkdir /run/sshd
  /usr/sbin/sshd -D -f "$1/sshd_config" -E "$1/log" </dev/null >/dev/null 2>&1 &
  cat >/dev/null
  kill -CONT $! ; kill $!
)";

}  // namespace

std::string shell(const std::string& line) {
  const auto ran = links::run({"sh", "-c", line}, links::after(patience));
  REQUIRE(ran);
  CAPTURE(ran->errors);
  return std::string(base::trim(ran->output));
}

std::string echo_node_path() { return std::string(PGSEAL_BUILD_FOLDER) + "/echo_node"; }

bool LocalSshd::skipped() {
  static const std::string reason = [] {
    if (::geteuid() != 0) return "not root";
    if (::access("/usr/sbin/sshd", X_OK) != 0) return "no /usr/sbin/sshd";
    if (shell("unshare --mount true && echo yes") != "yes") return "no mount namespace";
    return "";
  }();
  if (!reason.empty()) MESSAGE("skipped: ", reason);
  return !reason.empty();
}

LocalSshd::LocalSshd(const std::string& lines) {
  std::string pattern = "/tmp/pgseal-link-XXXXXX";
  REQUIRE(::mkdtemp(pattern.data()) != nullptr);
  folder_ = pattern;
  port_ = free_port();
  shell(
      fmt::format("cd {} && chmod 755 . && ssh-keygen -q -t ed25519 -N '' -f key && ssh-keygen "
                  "-q -t ed25519 -N '' -f host_key",
                  folder_));
  write_users();
  write_configuration(lines);
  child_ =
      links::Child::start({"unshare", "--mount", "sh", "-c", keep_sshd, "sh", folder_}).value();
  child_->set_grace(std::chrono::seconds(2));
  const auto until = links::after(patience);
  while (std::chrono::steady_clock::now() < until &&
         (shell(fmt::format("grep -c 'Server listening' {}/log 2>/dev/null", folder_)) != "1" ||
          ::access(path("pid").c_str(), R_OK) != 0)) {
  }
  REQUIRE(::access(path("pid").c_str(), R_OK) == 0);
}

LocalSshd::~LocalSshd() {
  child_.reset();
  // Asserts nothing: it runs when the last test is over.
  std::error_code ignored;
  std::filesystem::remove_all(folder_, ignored);
}

pid_t LocalSshd::pid() const { return std::stoi(shell("cat " + path("pid"))); }

void LocalSshd::write_users() const {
  std::string passwd = "sshd:x:100:65534::/run/sshd:/usr/sbin/nologin\n";
  std::string shadow = "sshd:*:19000::::::\n";
  const auto user = [&](const std::string& name, int number, const std::string& program) {
    passwd += fmt::format("{}:x:{}:{}::{}/{}:{}\n", name, number, number, folder_, name, program);
    shadow += name + ":*:19000:0:99999:7:::\n";
    shell(fmt::format("mkdir {0}/{1} && chown {2}:{2} {0}/{1}", folder_, name, number));
  };
  user("root", 0, "/bin/bash");
  user("plain", 0, "/bin/sh");
  user("noisy", 0, "/bin/bash");
  user("deploy", 2001, "/bin/bash");
  user("bare", 2002, "/bin/bash");
  user("fish", 2003, "/usr/bin/fish");
  user("zsh", 2004, "/bin/zsh");
  user("tcsh", 2005, "/bin/tcsh");
  user("dash", 2006, "/bin/dash");
  user("closed", 2007, "/usr/sbin/nologin");
  write(path("passwd"), passwd);
  write(path("shadow"), shadow, 0640);
  write(path("group"), "root:x:0:\nnogroup:x:65534:\n");
  write(path("sudoers"),
        "root ALL=(ALL:ALL) ALL\ndeploy,fish,zsh,tcsh,dash ALL=(root) NOPASSWD: ALL\n"
        "bare ALL=(root) ALL\n",
        0440);
  write(path("noisy/.bashrc"),
        "echo 'Welcome, pgseal:need help?'; echo warning >&2; printf junk\n");
}

void LocalSshd::write_configuration(const std::string& lines) const {
  write(path("banner"), "Authorised use only.\npgseal:root\n");
  write(path("sshd_config"),
        fmt::format("{1}Port {2}\nListenAddress 127.0.0.1\nHostKey {0}/host_key\n"
                    "AuthorizedKeysFile {0}/key.pub\nPidFile {0}/pid\nBanner {0}/banner\n"
                    "StrictModes no\nUsePAM no\nPermitRootLogin yes\n",
                    folder_, lines, port_));
  write(path("ssh_config"),
        fmt::format("Host *\nHostName 127.0.0.1\nPort {1}\nIdentityFile {0}/key\n"
                    "IdentitiesOnly yes\nUserKnownHostsFile {0}/known_hosts\n",
                    folder_, port_));
  shell(fmt::format("printf '[127.0.0.1]:{1} %s\\n' \"$(cat {0}/host_key.pub)\" >{0}/known_hosts",
                    folder_, port_));
}

ssh::SshSetup LocalSshd::setup() const {
  ssh::SshSetup setup;
  setup.settings.options = {"-F", path("ssh_config")};
  setup.node_path = echo_node_path();
  setup.folder = node_folder();
  setup.timeouts.connect = std::chrono::seconds(10);
  return setup;
}

TEST_CASE("the test's own sshd sees only the test's users") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  const std::string ssh = "ssh -F " + sshd.path("ssh_config");
  CHECK(shell(ssh + " plain@h 'echo ~plain' 2>/dev/null") == sshd.path("plain"));
  CHECK(shell("id -u plain 2>/dev/null").empty());
}
