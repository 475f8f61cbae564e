// SPDX-License-Identifier: PostgreSQL
// Conversations over a real ssh and a real sshd, with echo_node in pgseal-node's place.
#include "ssh/ssh.h"

#include <arpa/inet.h>
#include <doctest/doctest.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <thread>

#include "base/fd.h"
#include "ssh/local_sshd.h"

namespace {

using base::Code;
using Opened = base::Result<std::unique_ptr<fleet::Conversation>>;

/// One for all tests that leave it as it was.
LocalSshd& common() {
  static LocalSshd sshd;
  return sshd;
}

fleet::Host host_at(const std::string& link) {
  fleet::Host host;
  host.name = "db1";
  host.link = link;
  return host;
}

fleet::Brief brief_of(const std::string& environment = "test") {
  fleet::Brief brief;
  brief.environment = environment;
  brief.host = "db1";
  return brief;
}

Opened open(ssh::SshLinks& ssh, const std::string& destination) {
  return ssh.open(host_at("ssh:" + destination), brief_of());
}

/// The node's effective user, which echo_node tells instead of a host name.
std::string user_at(ssh::SshLinks& ssh, const std::string& destination) {
  const auto conversation = open(ssh, destination);
  if (!conversation) return conversation.error().message + " / " + conversation.error().detail;
  const auto facts = (*conversation)->observe();
  return facts ? facts->hostname : facts.error().message;
}

base::Error failure(const ssh::SshSetup& setup, const std::string& destination) {
  ssh::SshLinks ssh(setup);
  auto opened = open(ssh, destination);
  REQUIRE_FALSE(opened);
  return std::move(opened).error();
}

std::string node_file(const LocalSshd& sshd) { return shell("ls -d " + sshd.node_folder() + "/*"); }

/// A bare TCP connection to 127.0.0.1, after sshd's banner has come over it.
base::Fd connection_to(int port) {
  base::Fd socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  struct sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(static_cast<std::uint16_t>(port));
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  REQUIRE(::connect(socket.get(), reinterpret_cast<struct sockaddr*>(&address), sizeof address) ==
          0);
  REQUIRE(links::Channel(socket.get(), -1).preface_line(links::after(std::chrono::seconds(10))));
  return socket;
}

double seconds_of(const std::function<void()>& deed) {
  const auto begin = std::chrono::steady_clock::now();
  deed();
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
}

fleet::Act act_named(const std::string& name) {
  fleet::Act act;
  act.kind = fleet::ActKind::make_key;
  act.slot.name = name;
  return act;
}

}  // namespace

TEST_CASE("a node that lacks is put in place by its hash, and found there the next time") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  ssh::SshLinks ssh(sshd.setup());
  CHECK(user_at(ssh, "plain@h") == "0");
  const std::string file = node_file(sshd);
  CHECK(file == sshd.node_folder() + "/pgseal-node-" +
                    shell("sha256sum <" + echo_node_path() + " | head -c 32"));
  CHECK(shell("cmp " + file + " " + echo_node_path() + " && echo same") == "same");
  CHECK(shell("stat -c '%a %u' " + file + " " + sshd.node_folder()) == "755 0\n755 0");
  const std::string inode = shell("stat -c %i " + file);
  CHECK(user_at(ssh, "plain@h") == "0");
  CHECK(shell("stat -c %i " + file) == inode);
}

TEST_CASE("the newest other version stays beside the new one, older ones go") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  shell(
      fmt::format("mkdir -m 755 {0} && cd {0} && touch -d 2001-01-01 pgseal-node-a && touch -d "
                  "2003-01-01 pgseal-node-b && touch -d 2002-01-01 pgseal-node-c other",
                  sshd.node_folder()));
  ssh::SshLinks ssh(sshd.setup());
  CHECK(user_at(ssh, "plain@h") == "0");
  const std::string left = shell("ls " + sshd.node_folder());
  CHECK(left.find("pgseal-node-b") != std::string::npos);
  CHECK(left.find("other") != std::string::npos);
  CHECK(shell("ls " + sshd.node_folder() + " | wc -l") == "3");
}

TEST_CASE("a file that was cut or grew is replaced once, one that cannot start too") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  ssh::SshLinks ssh(sshd.setup());
  REQUIRE(user_at(ssh, "plain@h") == "0");
  const std::string file = node_file(sshd);
  for (const char* damage : {"printf x >>", "truncate -s 100000 ", "truncate -s 0 "}) {
    CAPTURE(damage);
    shell(damage + file);
    CHECK(user_at(ssh, "plain@h") == "0");
    CHECK(shell("cmp " + file + " " + echo_node_path() + " && echo same") == "same");
  }
}

TEST_CASE("a folder that others can write to is refused and not touched") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  for (const char* spoil : {"chmod 775 ", "chmod 757 ", "chown 2001 "}) {
    CAPTURE(spoil);
    shell(fmt::format("rm -rf {0}; mkdir -m 755 {0}; {1}{0}", sshd.node_folder(), spoil));
    const auto error = failure(sshd.setup(), "plain@h");
    CHECK(error.code == Code::link_install);
    CHECK(error.detail.find("Refused there: mode d") != std::string::npos);
    CHECK(shell("ls -A " + sshd.node_folder()).empty());
  }
  shell(fmt::format("rm -rf {0}; ln -s /tmp {0}", sshd.node_folder()));
  CHECK(failure(sshd.setup(), "plain@h").code == Code::link_install);
}

TEST_CASE("a login banner and a .bashrc that prints do no harm") {
  if (LocalSshd::skipped()) return;
  ssh::SshLinks ssh(common().setup());
  CHECK(user_at(ssh, "noisy@h") == "0");
}

TEST_CASE("the login shell may be any, and sudo makes it root") {
  if (LocalSshd::skipped()) return;
  for (const char* name : {"deploy", "dash", "fish", "zsh", "tcsh"}) {
    CAPTURE(name);
    const LocalSshd sshd;
    if (shell("test -x $(awk -F: '$1 == \"" + std::string(name) + "\" {print $7}' " +
              sshd.path("passwd") + ") && echo yes") != "yes") {
      MESSAGE("skipped: there is no such shell here");
      continue;
    }
    ssh::SshLinks ssh(sshd.setup());
    CHECK(user_at(ssh, std::string(name) + "@h") == "0");  // puts it in place
    CHECK(user_at(ssh, std::string(name) + "@h") == "0");  // finds it there
  }
}

TEST_CASE("a login that sudo asks for a password is told so, in sudo's words") {
  if (LocalSshd::skipped()) return;
  const auto error = failure(common().setup(), "bare@h");
  CHECK(error.code == Code::link_sudo);
  CHECK(error.detail.find("password is required") != std::string::npos);
}

TEST_CASE("a sudoers rule for the node alone is enough once it is in place") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  ssh::SshLinks ssh(sshd.setup());
  REQUIRE(user_at(ssh, "plain@h") == "0");
  shell(fmt::format("echo 'bare ALL=(root) NOPASSWD: {}/pgseal-node-*' >>{}", sshd.node_folder(),
                    sshd.path("sudoers")));
  CHECK(user_at(ssh, "bare@h") == "0");
}

TEST_CASE("an unknown host key stops with its fingerprint and the command that accepts it") {
  if (LocalSshd::skipped()) return;
  LocalSshd sshd;
  REQUIRE(::unlink(sshd.path("known_hosts").c_str()) == 0);
  const auto error = failure(sshd.setup(), "plain@h");
  CHECK(error.code == Code::link_host_key_unknown);
  const auto fingerprint = shell("ssh-keygen -lf " + sshd.path("host_key") + " | cut -d' ' -f2");
  REQUIRE(fingerprint.starts_with("SHA256:"));
  CHECK(error.detail.find(fingerprint) != std::string::npos);
  CHECK(error.hint.ends_with("ssh -o StrictHostKeyChecking=ask -F " + sshd.path("ssh_config") +
                             " plain@h true"));
  CHECK(::access(sshd.path("known_hosts").c_str(), F_OK) != 0);
}

TEST_CASE("a changed host key is told apart from an unknown one") {
  if (LocalSshd::skipped()) return;
  LocalSshd sshd;
  shell(fmt::format("printf '[127.0.0.1]:{1} %s\\n' \"$(cat {0}/key.pub)\" >{0}/known_hosts",
                    sshd.path(""), sshd.port()));
  CHECK(failure(sshd.setup(), "plain@h").code == Code::link_host_key_changed);
}

TEST_CASE("a refused port and an unknown name are unreachable, a wrong key cannot log in") {
  if (LocalSshd::skipped()) return;
  auto setup = common().setup();
  setup.settings.options.insert(setup.settings.options.end(), {"-p", "1"});
  const auto refused = failure(setup, "plain@h");
  CHECK(refused.code == Code::link_unreachable);
  CHECK(refused.message == "\"db1\" refuses ssh connections");
  setup = common().setup();
  setup.settings.options.insert(setup.settings.options.begin(), "-oHostName=db1.invalid");
  CHECK(failure(setup, "plain@h").message == "the host name of \"db1\" is not known");
  setup = common().setup();
  setup.settings.options.insert(setup.settings.options.begin(), "-oPubkeyAuthentication=no");
  CHECK(failure(setup, "plain@h").code == Code::link_login);
  CHECK(failure(common().setup(), "closed@h").code == Code::protocol_garbage);
}

TEST_CASE("a forced command is no shell, and what it printed is in the detail") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd("ForceCommand echo only rsync here\n");
  const auto error = failure(sshd.setup(), "plain@h");
  CHECK(error.code == Code::protocol_garbage);
  CHECK(error.detail.find("only rsync here") != std::string::npos);
}

TEST_CASE("a host that hangs costs its own deadline and nobody else's") {
  if (LocalSshd::skipped()) return;
  const LocalSshd stopped;
  REQUIRE(::kill(stopped.pid(), SIGSTOP) == 0);
  auto setup = stopped.setup();
  setup.timeouts.connect = std::chrono::seconds(2);
  std::optional<base::Error> error;
  double hung = 0;
  std::thread other([&] { hung = seconds_of([&] { error = failure(setup, "plain@h"); }); });
  ssh::SshLinks ssh(common().setup());
  CHECK(user_at(ssh, "plain@h") == "0");
  other.join();
  CHECK(error->code == Code::link_unreachable);
  CHECK(hung > 1.5);
  CHECK(hung < 8);
}

TEST_CASE("a login that does not end is given up at its deadline") {
  if (LocalSshd::skipped()) return;
  auto setup = common().setup();
  setup.program = common().path("slow_ssh");
  REQUIRE(base::write_file_durably(setup.program, "#!/bin/sh\necho slow >&2\ntail -f /dev/null\n",
                                   0755));
  setup.timeouts.connect = std::chrono::seconds(0);
  setup.timeouts.login = std::chrono::seconds(1);
  std::optional<base::Error> error;
  CHECK(seconds_of([&] { error = failure(setup, "plain@h"); }) < 5);
  CHECK(error->code == Code::link_timeout);
  CHECK(error->detail == "slow");
}

TEST_CASE("another architecture is refused before anything is sent or made") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  auto setup = sshd.setup();
  setup.architecture = "riscv64";
  const auto error = failure(setup, "plain@h");
  CHECK(error.code == Code::link_architecture);
  CHECK(error.detail.find("this pgseal-node is riscv64") != std::string::npos);
  CHECK(shell("ls -A " + sshd.node_folder()).empty());
}

TEST_CASE("a destination that could be an option never reaches ssh") {
  ssh::SshSetup setup;
  setup.program = "/nowhere/ssh";
  setup.node_path = echo_node_path();
  for (const char* link :
       {"-oProxyCommand=touch /tmp/x", "root@-oProxyCommand=x", "-h", "", "root@", "a b", "a\nb"}) {
    CAPTURE(link);
    CHECK(failure(setup, link).code == Code::config_value);
  }
  CHECK(failure(setup, "db1").code == Code::link_spawn);
}

TEST_CASE("an act that hangs is given up, and nothing is asked after it") {
  if (LocalSshd::skipped()) return;
  auto setup = common().setup();
  setup.timeouts.act = std::chrono::seconds(1);
  ssh::SshLinks ssh(setup);
  auto conversation = open(ssh, "plain@h").value();
  CHECK(conversation->perform(act_named("hang")).error().code == Code::link_timeout);
  CHECK(conversation->observe().error().code == Code::link_timeout);
  CHECK(seconds_of([&] { conversation.reset(); }) < 2.5);
}

TEST_CASE("a node that dies is a lost link; one that refuses goes on") {
  if (LocalSshd::skipped()) return;
  ssh::SshLinks ssh(common().setup());
  const auto conversation = open(ssh, "plain@h").value();
  CHECK(conversation->perform(act_named("refuse")).error().code == Code::file_unsafe);
  CHECK(conversation->perform(act_named("app")).value().after == "app");
  CHECK(conversation->connect({}).value().level == fleet::ConnectLevel::logged_in);
  CHECK(conversation->handshake({}).value().answered);
  CHECK(conversation->perform(act_named("die")).error().code == Code::link_lost);
  CHECK(conversation->observe().error().code == Code::link_lost);
}

TEST_CASE("what the node refuses with comes back instead of a conversation") {
  if (LocalSshd::skipped()) return;
  ssh::SshLinks ssh(common().setup());
  const auto opened = ssh.open(host_at("ssh:plain@h"), brief_of("locked"));
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::host_locked);
}

TEST_CASE("a conversation that is over leaves no process behind") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd;
  ssh::SshLinks ssh(sshd.setup());
  auto conversation = open(ssh, "plain@h").value();
  const std::string count = "pgrep -c -f ^" + node_file(sshd);
  CHECK(shell(count) == "1");
  CHECK(seconds_of([&] { conversation.reset(); }) < 2.5);
  CHECK(shell(count) == "0");
}

TEST_CASE("who is turned away before the login tries again") {
  if (LocalSshd::skipped()) return;
  auto setup = common().setup();
  setup.program = common().path("busy_ssh");
  REQUIRE(base::write_file_durably(
      setup.program,
      fmt::format("#!/bin/sh\necho >>{0}\nif [ $(wc -l <{0}) -le 3 ]; then\n"
                  "echo 'kex_exchange_identification: Connection closed by remote host' >&2\n"
                  "exit 255\nfi\nexec ssh \"$@\"\n",
                  common().path("tries")),
      0755));
  ssh::SshLinks ssh(setup);
  CHECK(user_at(ssh, "plain@h") == "0");
}

TEST_CASE("sshd's MaxStartups turns away for good after four tries") {
  if (LocalSshd::skipped()) return;
  const LocalSshd sshd("MaxStartups 1:100:1\n");
  auto setup = sshd.setup();
  setup.program = sshd.path("counting_ssh");
  REQUIRE(base::write_file_durably(
      setup.program, fmt::format("#!/bin/sh\necho >>{}\nexec ssh \"$@\"\n", sshd.path("tries")),
      0755));
  const base::Fd first = connection_to(sshd.port());  // holds the only place, without a login
  const auto error = failure(setup, "plain@h");
  CHECK(error.code == Code::link_unreachable);
  CHECK(error.detail.find("exchange_identification") != std::string::npos);
  CHECK(shell("wc -l <" + sshd.path("tries")) == "4");
}

TEST_CASE("a jump host just works, and ssh is asked for its name") {
  if (LocalSshd::skipped()) return;
  auto setup = common().setup();
  shell(fmt::format("{{ echo 'Host behind'; echo 'ProxyJump plain@hop'; cat {0}; }} >{0}2",
                    common().path("ssh_config")));
  setup.settings.options = {"-F", common().path("ssh_config2")};
  ssh::SshLinks ssh(setup);
  CHECK(user_at(ssh, "plain@behind") == "0");
  CHECK(ssh.address_of(host_at("ssh:plain@behind")).value() == "127.0.0.1");
  auto host = host_at("ssh:behind");
  host.address = "db1.example.com";
  CHECK(ssh.address_of(host).value() == "db1.example.com");
}

TEST_CASE("the user's forwardings and RemoteCommand do not reach into a conversation") {
  if (LocalSshd::skipped()) return;
  auto setup = common().setup();
  shell(
      fmt::format("{{ echo 'LocalForward 1 h:1'; echo 'ExitOnForwardFailure yes'; echo "
                  "'RemoteCommand false'; echo 'RequestTTY force'; cat {0}; }} >{0}3",
                  common().path("ssh_config")));
  setup.settings.options = {"-F", common().path("ssh_config3")};
  ssh::SshLinks ssh(setup);
  CHECK(user_at(ssh, "plain@h") == "0");
}
