// SPDX-License-Identifier: PostgreSQL
// What can be said of the ssh part without any ssh.
#include <doctest/doctest.h>
#include <signal.h>
#include <stdlib.h>

#include <algorithm>
#include <atomic>
#include <thread>

#include "base/fd.h"
#include "link/child.h"
#include "link/echo_engine.h"
#include "link/routes.h"
#include "ssh/command.h"
#include "ssh/config.h"
#include "ssh/failure.h"
#include "ssh/gate.h"

namespace {

using base::Code;
using std::chrono::milliseconds;

struct Folder {
  Folder() { REQUIRE(::mkdtemp(path.data()) != nullptr); }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    static_cast<void>(links::run({"rm", "-rf", path}, links::after(milliseconds(5000))));
  }
  void write(const std::string& name, const std::string& text) const {
    static_cast<void>(
        links::run({"mkdir", "-p", path + "/.ssh"}, links::after(milliseconds(5000))));
    REQUIRE(base::write_file_durably(path + "/" + name, text, 0644));
  }
  std::string path = "/tmp/pgseal-parts-XXXXXX";
};

ssh::Ending ending(ssh::Stage stage, int status, std::string errors) {
  ssh::Ending made;
  made.stage = stage;
  made.status = status;
  made.errors = std::move(errors);
  made.host = "db1";
  made.by_hand = "ssh db1 true";
  return made;
}

}  // namespace

TEST_CASE("what must be comes before the user's options, what is only our default after them") {
  const auto arguments = ssh::ssh_arguments({"ssh", {"-o", "ConnectTimeout=99", "-p22"}, 7}, "db1");
  const auto at = [&arguments](const char* word) {
    return std::find(arguments.begin(), arguments.end(), word) - arguments.begin();
  };
  CHECK(at("BatchMode=yes") < at("ConnectTimeout=99"));
  CHECK(at("ConnectTimeout=99") < at("ConnectTimeout=7"));
  CHECK(at("--") == static_cast<std::ptrdiff_t>(arguments.size()) - 2);
  CHECK(arguments.back() == "db1");
  for (const auto& argument : arguments) {
    CHECK(argument.find("StrictHostKeyChecking") == std::string::npos);
    CHECK(argument.find("UserKnownHostsFile") == std::string::npos);
  }
}

TEST_CASE("the remote command holds nothing that a shell could take otherwise") {
  const auto command = ssh::remote_command({"/usr/local/libexec/pgseal", std::string(64, 'a')});
  REQUIRE(command);
  CHECK(std::count(command->begin(), command->end(), '\'') == 4);
  CHECK(command->find_first_of("!\\\n`") == std::string::npos);
  for (const char* folder : {"relative", "/a b", "/a'b", "/$(id)", "/a;b", ""})
    CHECK(ssh::remote_command({folder, std::string(64, 'a')}).error().code == Code::config_value);
}

TEST_CASE("a hint's command is quoted for a shell") {
  CHECK(ssh::ssh_by_hand({"ssh", {"-o", "ProxyCommand=nc %h %p", "it's"}, 10}, "root@db1") ==
        "ssh -o 'ProxyCommand=nc %h %p' 'it'\\''s' root@db1 true");
}

TEST_CASE("ssh's own words become the error that a person can act upon") {
  const auto code = [](ssh::Stage stage, int status, const char* errors) {
    return ssh::failure_of(ending(stage, status, errors)).code;
  };
  using ssh::Stage;
  CHECK(code(Stage::none, 255, "x@y: Permission denied (publickey).\r\n") == Code::link_login);
  CHECK(code(Stage::none, 255, "ssh: connect to host y port 22: Connection timed out") ==
        Code::link_unreachable);
  CHECK(code(Stage::none, 255, "Bad configuration option") == Code::link_unreachable);
  CHECK(code(Stage::none, 1, "This account is not available") == Code::link_login);
  CHECK(code(Stage::login, 127, "sh: sudo: not found") == Code::link_sudo);
  CHECK(code(Stage::login, 255, "Timeout, server not responding") == Code::link_lost);
  CHECK(code(Stage::root, 1, "mkdir: Read-only file system") == Code::link_install);
  CHECK(code(Stage::need, 1, "No space left on device") == Code::link_install);
}

TEST_CASE("only a connection that sshd itself closed is tried again") {
  const std::string closed = "kex_exchange_identification: Connection closed by remote host\n";
  using ssh::Stage;
  CHECK(ssh::turned_away(ending(Stage::none, 255, closed)));
  CHECK(ssh::turned_away(
      ending(Stage::none, 255, "kex_exchange_identification: read: Connection reset by peer")));
  CHECK_FALSE(ssh::turned_away(ending(Stage::login, 255, closed)));
  // Behind a jump host whose login failed the outer ssh complains of the same.
  CHECK_FALSE(ssh::turned_away(
      ending(Stage::none, 255, "j@hop: Permission denied (publickey).\n" + closed)));
}

TEST_CASE("the offered key is the last one that ssh saw, behind any jump host") {
  CHECK(ssh::offered_key("debug1: Server host key: ssh-rsa SHA256:a\r\n"
                         "debug1: Server host key: ssh-ed25519 SHA256:b\r\nx") ==
        "ssh-ed25519 SHA256:b");
  CHECK(ssh::offered_key("nothing").empty());
}

TEST_CASE("ssh is asked for a jump only where its configuration may name one") {
  const Folder home;
  const std::vector<std::string> own = {"-F", home.path + "/own"};
  home.write("own", "Host a\n# ProxyJump hop\n  User x\n");
  CHECK_FALSE(ssh::ssh_mentions(own, home.path).jump);
  CHECK_FALSE(ssh::ssh_mentions(own, home.path).host_name);
  home.write("own", "Host a\n\tpRoXyJuMp=hop\nHostname b\n");
  CHECK(ssh::ssh_mentions(own, home.path).jump);
  CHECK(ssh::ssh_mentions(own, home.path).host_name);
  home.write("own", "Include more*\n");
  CHECK_FALSE(ssh::ssh_mentions(own, home.path).jump);
  home.write(".ssh/more1", "ProxyCommand ssh hop -W %h:%p\n");
  CHECK(ssh::ssh_mentions(own, home.path).jump);
  home.write("own", "Include \"a b\"\n");
  CHECK(ssh::ssh_mentions(own, home.path).jump);
  CHECK(ssh::ssh_mentions({"-Jhop", "-F", "none"}, home.path).jump);
  CHECK(ssh::ssh_mentions({"-o", "ProxyJump hop", "-Fnone"}, home.path).jump);
  home.write(".ssh/config", "ProxyJump hop\n");
  CHECK(ssh::ssh_mentions({}, home.path).jump);
  CHECK_FALSE(ssh::ssh_mentions({"-Fnone"}, home.path).jump);
}

TEST_CASE("files that include each other end, and count as saying anything") {
  const Folder home;
  home.write(".ssh/config", "Include config\n");
  CHECK(ssh::ssh_mentions({}, home.path).jump);
}

TEST_CASE("the jumps come sorted and without the word none") {
  const auto resolved = ssh::parse_resolved(
      "host a\nhostname db1.example.com\nproxyjump u@b,a,u@b\nproxycommand none\n");
  CHECK(resolved.host_name == "db1.example.com");
  CHECK(resolved.jumps == std::vector<std::string>{"a", "u@b"});
  CHECK(ssh::parse_resolved("proxyjump none\n").jumps.empty());
}

TEST_CASE("a gate lets no more in than it has places") {
  ssh::Gate gate(3);
  std::atomic<int> inside = 0;
  std::atomic<int> most = 0;
  std::vector<std::thread> threads;
  for (int i = 0; i < 12; ++i)
    threads.emplace_back([&] {
      const ssh::Gate::Pass pass(gate);
      const int now = ++inside;
      for (int seen = most; now > seen && !most.compare_exchange_weak(seen, now);) {
      }
      std::this_thread::yield();
      --inside;
    });
  for (auto& thread : threads) thread.join();
  CHECK(most <= 3);
  CHECK(inside == 0);
}

TEST_CASE("a child that ignores SIGTERM is gone with its owner, and so are its children") {
  const auto begin = std::chrono::steady_clock::now();
  std::string pid;
  {
    auto child =
        links::Child::start({"sh", "-c", "trap '' TERM; tail -f /dev/null & echo $!; wait; wait"})
            .value();
    child->set_grace(milliseconds(50));
    links::Channel channel(child->output(), child->input(), child->errors());
    pid = *channel.preface_line(links::after(milliseconds(5000))).value();
  }
  CHECK(std::chrono::steady_clock::now() - begin < milliseconds(5000));
  // Killed, if perhaps not yet reaped by whoever adopted it.
  const auto state = links::run({"ps", "-o", "stat=", "-p", pid}, links::after(milliseconds(5000)));
  REQUIRE(state);
  CHECK((state->output.empty() || state->output.front() == 'Z'));
}

TEST_CASE("a child inherits neither a blocked nor an ignored signal") {
  ::signal(SIGUSR1, SIG_IGN);
  const auto ran =
      links::run({"sh", "-c", "kill -USR1 $$; echo alive"}, links::after(milliseconds(5000)));
  ::signal(SIGUSR1, SIG_DFL);
  REQUIRE(ran);
  CHECK(ran->status == 128 + SIGUSR1);
}

TEST_CASE("a program that is not there cannot be started") {
  const auto child = links::Child::start({"/nowhere/ssh"});
  REQUIRE_FALSE(child);
  CHECK(child.error().code == Code::link_spawn);
}

TEST_CASE("local is the engine in this process, another word is neither way") {
  struct Nowhere : fleet::Links {
    base::Result<std::unique_ptr<fleet::Conversation>> open(const fleet::Host&,
                                                            const fleet::Brief&) override {
      return base::error(Code::link_unreachable, "remote");
    }
    base::Result<std::string> address_of(const fleet::Host&) override { return std::string("far"); }
  };
  links::RoutingLinks routes(EchoEngine::open, std::make_unique<Nowhere>());
  fleet::Host host;
  fleet::Brief brief;
  brief.host = "here";
  host.link = "local";
  CHECK(routes.open(host, brief).value()->observe().value().host == "here");
  CHECK(routes.address_of(host).value() == "localhost");
  host.link = "ssh:db1";
  CHECK(routes.open(host, brief).error().code == Code::link_unreachable);
  CHECK(routes.address_of(host).value() == "far");
  host.link = "telnet:db1";
  CHECK(routes.open(host, brief).error().code == Code::config_value);
}
