// SPDX-License-Identifier: PostgreSQL
#include "survey/draft.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <iterator>
#include <set>

#include "audit/catalogue.h"
#include "base/text.h"
#include "configuration/checks.h"
#include "settings/tls_settings.h"
#include "x509/names.h"

namespace survey {
namespace {

using configuration::check_words;
using fleet::IdentityKind;

// More than a person would edit, and than one file of pgseal may hold.
constexpr std::size_t most_hosts_drafted = 2000;
constexpr std::size_t most_identities = 1000;
constexpr std::size_t most_databases = 16;
constexpr std::size_t most_remarks = 5;
constexpr std::size_t most_left_out = 200;
constexpr std::size_t most_of_a_kind = 20;

constexpr auto receivers_that_are_no_standby =
    std::to_array<std::string_view>({"pg_basebackup", "pg_receivewal", "barman_receive_wal"});

bool loopback(std::string_view address) { return address.starts_with("127.") || address == "::1"; }

bool link_local(std::string_view address) {
  const auto bytes = x509::parse_ip(address);
  return bytes && bytes->size() == 16 && static_cast<unsigned char>((*bytes)[0]) == 0xfe &&
         (static_cast<unsigned char>((*bytes)[1]) & 0xc0) == 0x80;
}

bool declarable(std::string_view value, configuration::Check check) {
  return !check_words(value) && !check(value);
}

/// As a remark shows it: harmless comes later, short here.
std::string in_short(const std::string& foreign) {
  constexpr std::size_t most = 80;
  const std::string shown = base::printable_line(foreign);
  return '"' + (shown.size() <= most ? shown : shown.substr(0, most) + "...") + '"';
}

/// "a, b and more."
std::string first_few(const auto& items) {
  const auto shown = static_cast<std::ptrdiff_t>(std::min(items.size(), most_remarks));
  return fmt::format("{}{}.", fmt::join(items.begin(), std::next(items.begin(), shown), ", "),
                     items.size() > most_remarks ? " and more" : "");
}

template <class T>
void add_once(std::vector<T>& items, const T& item) {
  if (std::find(items.begin(), items.end(), item) == items.end()) items.push_back(item);
}

bool is_standby(const Sender& sender) {
  return !sender.logical && sender.state != "backup" &&
         std::find(receivers_that_are_no_standby.begin(), receivers_that_are_no_standby.end(),
                   sender.application) == receivers_that_are_no_standby.end();
}

class Drafter {
 public:
  Drafter(const Cluster& cluster, const Surroundings& surroundings)
      : cluster_(cluster), surroundings_(surroundings) {}

  Draft run() {
    draft_.environment = guess_name();
    asked_server();
    administrator();
    upstream();
    for (const Sender& sender : cluster_.senders)
      is_standby(sender) ? standby(sender) : receiver(sender);
    for (const Client& client : cluster_.clients) session(client);
    over_socket();
    say_what_is_not_seen();
    return std::move(draft_);
  }

 private:
  // ---- hosts -----------------------------------------------------------------------------------

  [[nodiscard]] std::string confirmed_name(const std::string& address) const {
    const auto found = surroundings_.names.find(address);
    return found == surroundings_.names.end() ? "" : found->second;
  }

  std::size_t add_host(const std::string& name, const std::string& address) {
    HostDraft made;
    made.host.name = name;
    made.host.link = "ssh:root@" + name;
    made.host.address = address;
    const std::size_t index = draft_.hosts.size();
    taken_.insert(name);
    if (!address.empty()) by_address_.emplace(address, index);
    draft_.hosts.push_back(std::move(made));
    return index;
  }

  /// A name that two hosts claim is nobody's, unless this machine's own resolver gives it to both.
  std::size_t host_at(const std::string& address, const std::string& servers_word) {
    if (loopback(address)) return 0;
    if (const auto known = by_address_.find(address); known != by_address_.end())
      return known->second;
    const std::string confirmed = confirmed_name(address);
    if (const auto known = by_name_.find(confirmed); known != by_name_.end()) {
      by_address_.emplace(address, known->second);
      remark(known->second, fmt::format("also seen at {}", address));
      return known->second;
    }
    std::string name = confirmed.empty() ? base::lower(servers_word) : confirmed;
    if (!x509::valid_dns_name(name) || taken_.contains(name)) name = address;
    const std::size_t index = add_host(name, address);
    if (name == confirmed) by_name_.emplace(name, index);
    if (link_local(address)) link_local_host(index, address);
    return index;
  }

  void link_local_host(std::size_t index, const std::string& address) {
    HostDraft& made = draft_.hosts[index];
    if (made.host.name == address) made.host.link += "%ZONE";
    remark(index, "a link-local address: the server does not tell on which of its interfaces");
    finding("discover.link-local",
            fmt::format("a host connects from the link-local address \"{}\"", address),
            "Give its link another address, or the interface here after the \"%\" (RFC 4007).");
  }

  void remark(std::size_t host, const std::string& line) {
    auto& remarks = draft_.hosts[host].remarks;
    if (remarks.size() < most_remarks) add_once(remarks, line);
  }

  void asked_server() {
    const Reached& reached = cluster_.reached;
    const std::string own = x509::canonical_address(cluster_.own_address);
    const std::string there =
        x509::canonical_address(reached.address.empty() ? reached.host : reached.address);
    const bool here = reached.socket || (loopback(there) && (own.empty() || loopback(own)));
    if (here) {
      server_here();
    } else {
      const std::string& address = loopback(there) || there.empty() ? own : there;
      std::string name = base::lower(reached.host);
      const std::string confirmed = confirmed_name(address);
      const bool named = x509::valid_dns_name(name) && name != "localhost";
      if (!named) name = confirmed.empty() ? address : confirmed;
      if (name.empty()) name = "server.invalid";  // RFC 2606: nobody's
      add_host(name, address);
      describe_server();
      by_name_.emplace(name, 0);
      if (!confirmed.empty()) by_name_.emplace(confirmed, 0);
      if (named) {
        remark(0,
               "named as the connection string names it; where that name moves with the primary,");
        remark(0, "it belongs into service_names, and the machine's own name here");
      }
      if (!confirmed.empty() && confirmed != name) draft_.hosts[0].host.names = {confirmed};
      if (!own.empty()) by_address_.emplace(own, 0);
      if (address.empty() || own != address || there != address) elsewhere(there, own);
    }
  }

  void server_here() {
    std::string name = base::lower(surroundings_.host_name);
    if (!x509::valid_dns_name(name)) name = "localhost";
    add_host(name, "");
    describe_server();
    by_name_.emplace(name, 0);
    for (const std::string& address : surroundings_.addresses) {
      by_address_.emplace(address, 0);
      const std::string confirmed = loopback(address) ? "" : confirmed_name(address);
      if (confirmed.empty() || !by_name_.emplace(confirmed, 0).second) continue;
      draft_.hosts[0].host.names.push_back(confirmed);
    }
    fleet::Host& host = draft_.hosts[0].host;
    host.link = "local";
    host.address = name;
    remark(0, "the connection did not leave this machine; address is what clients elsewhere use");
    if (!cluster_.reached.socket)
      finding("discover.loopback",
              "the connection to the server ended at a loopback address of this machine",
              "Where a tunnel or a proxy listens there, ask again by the server's own address, or "
              "correct name, link and address of the first [[host]].");
  }

  void elsewhere(const std::string& there, const std::string& own) {
    remark(0, fmt::format("reached at {}, and the server was reached at {}", there,
                          own.empty() ? "a socket" : own));
    finding("discover.address",
            fmt::format("the connection went to \"{}\" and the server took it at \"{}\"", there,
                        own.empty() ? "a socket" : own),
            "A proxy, a pooler or a translation of addresses stands between: correct name, link "
            "and address of the first [[host]], and see who really connects.");
  }

  void describe_server() {
    HostDraft& made = draft_.hosts[0];
    made.host.database = true;
    remark(0, fmt::format("{}, PostgreSQL {}", cluster_.standby ? "a standby" : "the primary",
                          cluster_.version));
    int port = 0;
    std::from_chars(cluster_.port.data(), cluster_.port.data() + cluster_.port.size(), port);
    if (port > 0 && port <= 65535 && port != 5432) made.host.port = port;
    if (!declarable(cluster_.data_directory, configuration::check_absolute_path)) return;
    made.host.data_directory = cluster_.data_directory;
  }

  void upstream() {
    if (!cluster_.standby) return;
    auto& made = finding(
        "discover.standby", "the server that was asked is a standby",
        "Ask the primary: the standbys beside this one and those who are connected there are seen "
        "only by it.");
    const std::string& from = cluster_.upstream_host;
    if (from.empty()) return;
    made.detail = fmt::format("It streams from \"{}\".", base::printable_line(from));
    const std::string address = x509::canonical_address(from);
    const std::string name = base::lower(from);
    if (loopback(address) || name == "localhost" || from.starts_with('/'))
      return same_machine("the server that it streams from");
    if (address.empty() && !x509::valid_dns_name(name)) return leave_out_host(from);
    const auto known = by_name_.find(name);
    const std::size_t index = !address.empty()          ? host_at(address, "")
                              : known != by_name_.end() ? known->second
                                                        : add_host(name, "");
    draft_.hosts[index].host.database = true;
    remark(index, "where the standby that was asked streams from");
    replication_role(cluster_.upstream_role);
  }

  void leave_out_host(const std::string& foreign) {
    left_out(fmt::format("a host at {}: no address", in_short(foreign)));
    unusable_.insert("a host at " + in_short(foreign));
  }

  // ---- replication -----------------------------------------------------------------------------

  void same_machine(const std::string& what) {
    finding("discover.same-machine", fmt::format("{} is on the machine of the server", what),
            "Give it a [[host]] of its own with another name, and data_directory to both.");
    left_out(fmt::format("{} is on the first host too: a [[host]] with its data_directory", what));
  }

  void standby(const Sender& sender) {
    const std::string address = x509::canonical_address(sender.address);
    replication_role(sender.role);
    if (!sender.address.empty() && address.empty()) return leave_out_host(sender.address);
    if (address.empty() || loopback(address) || host_at(address, sender.host_name) == 0)
      return same_machine(fmt::format("standby {}", in_short(sender.application)));
    const std::size_t index = host_at(address, sender.host_name);
    if (too_many(index)) return;
    if (!standbys_.insert(address).second) {
      finding("discover.same-address", fmt::format("two standbys stream from \"{}\"", address),
              "Two on one machine, two behind one translated address, or one that has just "
              "connected anew: give each a [[host]].");
    }
    draft_.hosts[index].host.database = true;
    remark(index,
           fmt::format("a standby, streams as {}, {}, application_name {}", in_short(sender.role),
                       sender.sync.empty() ? "async" : base::printable_line(sender.sync),
                       in_short(sender.application)));
  }

  /// What receives the write-ahead log and is no standby: a client that needs a certificate too.
  void receiver(const Sender& sender) {
    const std::string what = fmt::format("{} {}", sender.logical ? "subscriber" : "receiver",
                                         in_short(sender.application));
    if (sender.address.empty()) return left_out(what + " over the server's own socket");
    const std::string address = x509::canonical_address(sender.address);
    if (address.empty()) return leave_out_host(sender.address);
    const std::size_t index = host_at(address, sender.host_name);
    if (too_many(index)) return;
    finding("discover.not-a-standby", fmt::format("{} takes the log and is no standby", what),
            "Look at os_users of its identity: who runs it there is not seen.")
        .detail = fmt::format("It is taken as an application at \"{}\".", address);
    remark(index, fmt::format("{}, as {}", what, in_short(sender.role)));
    bearer(sender.role, IdentityKind::replication, index);
  }

  void replication_role(const std::string& role) {
    if (role.empty() || role == cluster_.superuser) return;  // the administrator's pair serves
    IdentityDraft* made = identity(role, IdentityKind::replication);
    if (made == nullptr) return;
    made->identity.kind = IdentityKind::replication;
    add_once(made->identity.hosts, std::string("@databases"));
    made->identity.os_users = {servers_user()};
  }

  // ---- identities ------------------------------------------------------------------------------

  /// initdb calls its superuser as the operating system user is called, unless told otherwise.
  [[nodiscard]] std::string servers_user() const {
    return declarable(cluster_.superuser, configuration::check_os_user) ? cluster_.superuser
                                                                        : "postgres";
  }

  void administrator() {
    IdentityDraft* made = identity(cluster_.superuser, IdentityKind::admin);
    if (made == nullptr) return;
    made->identity.hosts = {"@databases"};
    made->identity.os_users = {servers_user()};
    made->identity.databases = {"postgres"};
    made->remarks.emplace_back("the superuser that initdb made");
  }

  /// Null, and said, where the configuration takes no such name.
  IdentityDraft* identity(const std::string& role, IdentityKind kind) {
    if (const auto known = by_role_.find(role); known != by_role_.end())
      return &draft_.identities[known->second];
    if (!declarable(role, configuration::check_role)) {
      if (refused_roles_.insert(role).second) {
        left_out(fmt::format("role {}: no name for a certificate", in_short(role)));
        unusable_.insert("role " + in_short(role));
      }
      return nullptr;
    }
    if (draft_.identities.size() >= most_identities) {
      cut_ = true;
      return nullptr;
    }
    by_role_.emplace(role, draft_.identities.size());
    IdentityDraft made;
    made.identity.name = role;
    made.identity.kind = kind;
    draft_.identities.push_back(std::move(made));
    return &draft_.identities.back();
  }

  IdentityDraft* bearer(const std::string& role, IdentityKind kind, std::size_t host) {
    const bool guess = declarable(role, configuration::check_os_user);
    if (!guess && !by_role_.contains(role)) {
      if (refused_roles_.insert(role).second) {
        left_out(fmt::format("role {} from {}: name the operating system user that connects as it",
                             in_short(role), draft_.hosts[host].host.name));
        unusable_.insert("role " + in_short(role));
      }
      return nullptr;
    }
    IdentityDraft* made = identity(role, kind);
    if (made == nullptr) return nullptr;
    const fleet::Host& at = draft_.hosts[host].host;
    if (!fleet::Environment::lives_on(made->identity, at)) {
      made->identity.hosts.push_back(at.name);
      if (made->identity.hosts.front() == "@databases")
        add_once(made->remarks, std::string("who runs its clients elsewhere is not seen"));
    }
    if (made->identity.os_users.empty()) {
      made->identity.os_users = {role};
      made->remarks.emplace_back("os_users is a guess: the server does not see who runs a client");
    }
    return made;
  }

  void session(const Client& client) {
    if (client.role.empty()) return left_out("sessions of a role that was dropped meanwhile");
    if (client.address.empty()) return add_once(socket_roles_, client.role);
    const std::string address = x509::canonical_address(client.address);
    if (address.empty()) return leave_out_host(client.address);
    const std::size_t index = host_at(address, client.host_name);
    if (too_many(index)) return;
    remark(index, fmt::format("connected as {} to {}: {} session{}, application_name {}",
                              in_short(client.role), in_short(client.database), client.sessions,
                              client.sessions == 1 ? "" : "s", in_short(client.application)));
    IdentityDraft* made = bearer(
        client.role, client.superuser ? IdentityKind::admin : IdentityKind::application, index);
    if (made == nullptr || made->identity.databases.size() >= most_databases) return;
    if (declarable(client.database, configuration::check_database))
      add_once(made->identity.databases, client.database);
  }

  void over_socket() {
    std::size_t seen = 0;
    for (const std::string& role : socket_roles_) {
      if (by_role_.contains(role)) continue;
      ++seen;
      left_out(fmt::format("role {}: seen over the server's own socket only", in_short(role)));
    }
    if (seen > 0)
      finding("discover.socket",
              fmt::format("{} role{} connected over the server's own socket alone", seen,
                          seen == 1 ? " is" : "s are"),
              "A socket needs no certificate; declare those that shall have one all the same.");
  }

  // ---- what is to be said ----------------------------------------------------------------------

  [[nodiscard]] std::string guess_name() const {
    std::map<std::string, std::uint64_t> sessions;
    for (const Client& client : cluster_.clients) sessions[client.database] += client.sessions;
    std::string best = "shop";
    std::uint64_t most = 0;
    for (const auto& [database, count] : sessions) {
      std::string name = base::lower(database);
      std::replace(name.begin(), name.end(), '_', '-');
      if (count <= most || name == "postgres" || configuration::check_environment_name(name))
        continue;
      best = name;
      most = count;
    }
    return best;
  }

  /// As a reference until the next one. What is beyond a handful of a kind is counted as cut.
  base::Finding& finding(std::string_view code, std::string message, std::string hint) {
    if (++said_[std::string(code)] > most_of_a_kind) {
      cut_ = true;
      return not_said_;
    }
    draft_.findings.push_back(audit::finding(code, std::move(message)));
    draft_.findings.back().hint = std::move(hint);
    return draft_.findings.back();
  }

  void left_out(const std::string& line) {
    if (draft_.left_out.size() < most_left_out)
      add_once(draft_.left_out, line);
    else
      cut_ = true;
  }

  /// The host of `index` is the last one and one too many: it goes again.
  bool too_many(std::size_t index) {
    if (index < most_hosts_drafted) return false;
    const std::string name = draft_.hosts[index].host.name;
    by_name_.erase(name);
    taken_.erase(name);
    std::erase_if(by_address_, [&](const auto& entry) { return entry.second == index; });
    draft_.hosts.pop_back();
    cut_ = true;
    return true;
  }

  void say_what_is_not_seen() {
    finding("discover.snapshot", "who was not connected at this moment is not in the file",
            "Add hosts and roles that connect at other times: nightly jobs, failover addresses.");
    if (cluster_.standby || !standbys_.empty())
      finding("discover.cascading", "standbys of standbys are not seen from the server asked",
              "Add each as a [[host]] with database = true.");
    say_what_has_no_name();
    say_what_is_unusual();
  }

  /// Clients and standbys that connect by a name meet a certificate without it.
  void say_what_has_no_name() {
    std::vector<std::string> nameless;
    for (const HostDraft& made : draft_.hosts)
      if (made.host.database && made.host.names.empty() && x509::parse_ip(made.host.name))
        nameless.push_back(made.host.name);
    if (nameless.empty()) return;
    finding("discover.names",
            fmt::format("no name is known of {} of the database hosts", nameless.size()),
            "Where clients or primary_conninfo connect by a name, add it to names = [] of its "
            "[[host]]: with sslmode=verify-full a certificate without it is refused.")
        .detail = first_few(nameless);
  }

  void say_what_is_unusual() {
    if (cut_ || cluster_.cut)
      finding("discover.too-many", "the server showed more than is taken into one file",
              "Split the environment, or add the rest by files that `include` names.");
    if (!unusable_.empty())
      finding(
          "discover.unusable",
          fmt::format("{} of what the server showed cannot be declared as it is", unusable_.size()),
          "They stand in a comment at the end of the identities.")
          .detail = first_few(unusable_);
    if (!cluster_.reached.socket && !cluster_.reached.encrypted)
      finding("discover.plaintext", "the server was asked over a connection without TLS", "");
    if (cluster_.major > settings::newest_major)
      finding("discover.newer",
              fmt::format("PostgreSQL {} is newer than any that this pgseal was measured with",
                          cluster_.major),
              fmt::format("It is taken as PostgreSQL {}.", settings::newest_major));
  }

  const Cluster& cluster_;
  const Surroundings& surroundings_;
  Draft draft_;
  std::map<std::string, std::size_t> by_address_;
  std::map<std::string, std::size_t> by_name_;  ///< names that this machine's resolver stands for
  std::set<std::string> taken_;
  std::map<std::string, std::size_t> by_role_;
  std::set<std::string> standbys_;
  std::set<std::string> refused_roles_;
  std::vector<std::string> socket_roles_;
  std::set<std::string> unusable_;
  std::map<std::string, std::size_t> said_;
  base::Finding not_said_;
  bool cut_ = false;
};

}  // namespace

std::vector<std::string> addresses_of(const Cluster& cluster) {
  std::set<std::string> seen;
  const auto add = [&](std::string_view address) {
    const std::string canonical = x509::canonical_address(address);
    if (!canonical.empty() && !loopback(canonical) && seen.size() < most_hosts_drafted)
      seen.insert(canonical);
  };
  add(cluster.reached.address);
  add(cluster.own_address);
  add(cluster.upstream_host);
  for (const Sender& sender : cluster.senders) add(sender.address);
  for (const Client& client : cluster.clients) add(client.address);
  return {seen.begin(), seen.end()};
}

Draft draft(const Cluster& cluster, const Surroundings& surroundings) {
  return Drafter(cluster, surroundings).run();
}

}  // namespace survey
