// SPDX-License-Identifier: PostgreSQL
#include "configuration/tables.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <unordered_map>
#include <unordered_set>

#include "base/text.h"
#include "configuration/keys.h"

namespace configuration {
namespace {

using base::Code;

constexpr int most_days = 36500;
constexpr int most_parallel = 1024;
constexpr int last_port = 65535;

constexpr auto requirements = std::to_array<std::string_view>({"tls", "certificate"});
constexpr auto kinds =
    std::to_array<std::string_view>({"admin", "application", "replication", "named"});
constexpr auto methods = std::to_array<std::string_view>({"scram-sha-256", "md5", "cert"});
constexpr auto protocols = std::to_array<std::string_view>({"TLSv1.2", "TLSv1.3"});
constexpr auto old_protocols =
    std::to_array<std::string_view>({"SSLv2", "SSLv3", "TLSv1", "TLSv1.0", "TLSv1.1"});
constexpr auto key_types = std::to_array<std::string_view>({"P-256", "P-384", "RSA-3072"});
constexpr auto main_only =
    std::to_array<std::string_view>({"state", "environment", "policy", "authority", "ssh"});

// "A relative path is relative to the file."
std::string beside(const std::string& file, const std::string& path) {
  return (std::filesystem::path(file).parent_path() / path).lexically_normal().string();
}

std::optional<fleet::Requirement> read_requirement(TableReader& table) {
  const auto index = table.choice("require", requirements);
  if (!index) return std::nullopt;
  return *index == 0 ? fleet::Requirement::tls : fleet::Requirement::certificate;
}

std::string read_method(TableReader& table) {
  const auto index = table.choice("method", methods);
  return index ? std::string(methods[*index]) : "";
}

// ---- tables of which there is one ---------------------------------------------------------------

void read_environment_table(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("environment", value, problems);
  table.require("name");
  draft.environment.name = table.text("name", check_environment_name);
  draft.environment.service_names = table.texts("service_names", check_host_name);
}

void read_protocol(TableReader& table, fleet::Policy& policy) {
  const Member* written = table.find("min_protocol");
  if (written == nullptr) return;
  const std::string_view word = written->value.text();
  if (std::find(old_protocols.begin(), old_protocols.end(), word) != old_protocols.end()) {
    table.object("min_protocol", fmt::format("min_protocol \"{}\" is older than TLSv1.2", word),
                 "SSL and TLS before 1.2 must not be used (RFC 7568, RFC 8996).");
    return;
  }
  if (const auto index = table.choice("min_protocol", protocols))
    policy.min_protocol = protocols[*index];
}

void read_key_type(TableReader& table, fleet::Policy& policy) {
  const Member* written = table.find("key_type");
  if (written == nullptr) return;
  if (base::lower(written->value.text()) == "ed25519") {
    table.object("key_type", "key_type \"Ed25519\" is none of \"P-256\", \"P-384\", \"RSA-3072\"",
                 "Channel binding of libpq fails with it: RFC 5929 names no hash for Ed25519.");
    return;
  }
  if (const auto index = table.choice("key_type", key_types))
    policy.key_type = *x509::key_type(key_types[*index]);
}

void read_lifetimes(TableReader& table, Draft& draft, Problems& problems) {
  fleet::Policy& policy = draft.environment.policy;
  const auto read = [&](const char* name, int& days) {
    if (const auto written = table.integer(name, 1, most_days)) days = *written;
    return Draft::Lifetime{name, days, problems.here(table.at(name)), table.find(name) != nullptr};
  };
  draft.lifetimes.push_back(read("server_days", policy.server_days));
  draft.lifetimes.push_back(read("client_days", policy.client_days));
  draft.lifetimes.push_back(read("crl_days", policy.crl_days));
  draft.authority = read("authority_days", policy.authority_days);
  read("client_key_days", policy.client_key_days);  // a key may outlive the authority's
}

void read_policy(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("policy", value, problems);
  fleet::Policy& policy = draft.environment.policy;
  if (const auto requirement = read_requirement(table)) policy.require = *requirement;
  if (const std::string method = read_method(table); !method.empty()) policy.method = method;
  read_protocol(table, policy);
  read_key_type(table, policy);
  read_lifetimes(table, draft, problems);
}

void read_authority(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("authority", value, problems);
  fleet::AuthoritySource& source = draft.environment.authority;
  if (const std::string file = table.text("passphrase_file"); !file.empty())
    source.passphrase_file = beside(draft.environment.file, file);
  const Member* passphrase = table.find("passphrase");
  if (passphrase == nullptr) return;
  source.unencrypted = passphrase->value.text() == "none";
  // The value is never repeated: it may well be the passphrase.
  if (!source.unencrypted)
    table.object("passphrase", "passphrase takes only \"none\", which leaves the keys unencrypted",
                 "A passphrase does not belong into the configuration: put it into a file of mode "
                 "0600 and name that as passphrase_file. Consider the one written here known.");
  else if (table.find("passphrase_file") != nullptr)
    table.object("passphrase", "passphrase and passphrase_file contradict each other",
                 "Keep passphrase_file; passphrase = \"none\" leaves the keys unencrypted.");
}

void read_ssh(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("ssh", value, problems);
  fleet::SshSettings& ssh = draft.environment.ssh;
  // Not texts(): an option may well be there twice ("-o", "…", "-o", "…").
  if (const Member* options = table.find("options"))
    for (const Value& item : options->value.items()) {
      if (!check_words(item.text()))
        ssh.options.emplace_back(item.text());
      else
        problems.add(Code::config_value, item.at(), "options has an empty or unprintable word");
    }
  if (const auto parallel = table.integer("parallel", 1, most_parallel)) ssh.parallel = *parallel;
}

// ---- tables of which there are several ----------------------------------------------------------

void check_server_keys(TableReader& table, const fleet::Host& host, Problems& problems) {
  if (host.database) return;
  for (const char* name : {"port", "data_directory", "socket_directory", "os_user", "boot_hook"})
    if (table.find(name) != nullptr)
      problems.warn(table.at(name),
                    fmt::format("{} says nothing on a host that is no database host", name),
                    "Add database = true where a server is expected there.");
}

void read_host(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("host", value, problems);
  fleet::Host& host = draft.environment.hosts.emplace_back();
  table.require("name");
  host.name = table.text("name", check_host_name);
  if (table.find("link") == nullptr)
    table.require("link",
                  fmt::format("Write link = \"ssh:{}\", or link = \"local\" for the host that "
                              "pgseal itself runs on.",
                              host.name.empty() ? "DESTINATION" : host.name));
  host.link = table.text("link", check_link);
  host.address = table.text("address", check_host_name);
  host.names = table.texts("names", check_host_name);
  host.database = table.flag("database");
  host.port = table.integer("port", 1, last_port);
  host.data_directory = table.text("data_directory", check_absolute_path);
  host.socket_directory = table.text("socket_directory", check_absolute_path);
  host.os_user = table.text("os_user", check_os_user);
  host.boot_hook = table.flag("boot_hook");
  check_server_keys(table, host, problems);
  draft.host_spots.push_back(problems.here(table.at("name")));
  host.declared_at = problems.place(draft.host_spots.back());
}

// Where nobody holds it, an identity would be a certificate for no one.
void check_bearers(TableReader& table, fleet::IdentityKind kind) {
  for (const char* name : {"hosts", "os_users"}) {
    const Member* written = table.find(name);
    if (written == nullptr && kind == fleet::IdentityKind::named &&
        name == std::string_view("os_users"))
      continue;  // the person's own account
    if (!table.require(name, "An identity is held by operating system users on hosts.")) continue;
    if (written->value.items().empty())
      table.object(name, fmt::format("{} is empty", name),
                   "An identity is held by operating system users on hosts.");
  }
}

void read_hosts_of(TableReader& table, const fleet::Identity& identity, Draft& draft,
                   const Problems& problems) {
  const Member* hosts = table.find("hosts");
  if (hosts == nullptr) return;
  Draft::Referrer referrer{"identity " + in_quotes(identity.name), {}};
  const std::vector<Value> items = hosts->value.items();
  referrer.references.reserve(items.size());
  for (const Value& item : items)
    referrer.references.push_back({std::string(item.text()), problems.here(item.at())});
  draft.referrers.push_back(std::move(referrer));
}

void read_days(TableReader& table, fleet::Identity& identity, Draft& draft,
               const Problems& problems) {
  identity.days = table.integer("days", 1, most_days);
  if (!identity.days) return;
  if (identity.kind != fleet::IdentityKind::named)
    table.object("days", fmt::format("days says nothing for kind \"{}\"", to_string(identity.kind)),
                 "client_days of [policy] holds; only kind \"named\" has days of its own.");
  else
    draft.lifetimes.push_back({"days", *identity.days, problems.here(table.at("days")), true});
}

void read_identity(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("identity", value, problems);
  fleet::Identity identity;
  table.require("name");
  identity.name = table.text("name", check_role);
  if (const auto kind = table.choice("kind", kinds))
    identity.kind = static_cast<fleet::IdentityKind>(*kind);
  check_bearers(table, identity.kind);
  identity.hosts = table.texts("hosts");
  read_hosts_of(table, identity, draft, problems);
  identity.os_users = table.texts("os_users", check_os_user);
  if (identity.kind == fleet::IdentityKind::named && table.find("os_users") == nullptr)
    identity.os_users = {identity.name};
  identity.databases = table.texts("databases", check_database);
  identity.require = read_requirement(table);
  identity.method = read_method(table);
  identity.networks = table.texts("networks", check_network);
  identity.source = table.text("source", check_absolute_path);
  identity.explicit_sslcert = table.flag("explicit_sslcert");
  read_days(table, identity, draft, problems);
  draft.identity_spots.push_back(problems.here(table.at("name")));
  identity.declared_at = problems.place(draft.identity_spots.back());
  draft.environment.identities.push_back(std::move(identity));
}

void read_exception(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("exception", value, problems);
  fleet::Exemption exemption;
  table.require("role");
  exemption.role = table.text("role", check_role);
  exemption.network = table.text("network", check_network);
  if (const auto requirement = read_requirement(table)) exemption.require = *requirement;
  table.require("reason", "It is shown wherever the exception is.");
  exemption.reason = table.text("reason");
  exemption.until = table.end_of_day("until");
  draft.environment.exemptions.push_back(std::move(exemption));
}

void read_silence(const Value& value, Draft& draft, Problems& problems) {
  TableReader table("silence", value, problems);
  fleet::Silence silence;
  table.require("code");
  silence.code = table.text("code", check_finding_code);
  silence.host = table.text("host", check_host_name);
  if (!silence.host.empty())
    draft.referrers.push_back({"silence", {{silence.host, problems.here(table.at("host"))}}});
  table.require("reason", "It is shown where silenced findings are counted.");
  silence.reason = table.text("reason");
  silence.until = table.end_of_day("until");
  draft.environment.silences.push_back(std::move(silence));
}

using ReadTable = void (*)(const Value&, Draft&, Problems&);

void read_each(const TableReader& top, std::string_view name, ReadTable read, Draft& draft,
               Problems& problems) {
  if (const Member* tables = top.find(name))
    for (const Value& table : tables->value.items()) read(table, draft, problems);
}

void read_lists(const TableReader& top, Draft& draft, Problems& problems) {
  auto& hosts = draft.environment.hosts;
  if (const Member* more = top.find("host"))  // of which there may be ten thousand
    if (const std::size_t number = more->value.items().size(); number > hosts.size())
      hosts.reserve(hosts.size() + number);
  read_each(top, "host", read_host, draft, problems);
  read_each(top, "identity", read_identity, draft, problems);
  read_each(top, "exception", read_exception, draft, problems);
  read_each(top, "silence", read_silence, draft, problems);
}

std::string standard_state(const std::string& file) {
  return file == "/etc/pgseal/pgseal.toml" ? "/var/lib/pgseal" : "state";
}

// ---- between tables -----------------------------------------------------------------------------

template <class Items>
void check_twins(const char* noun, const Items& items, const std::vector<Spot>& spots,
                 Problems& problems) {
  std::unordered_map<std::string, Spot> seen;
  seen.reserve(items.size());
  for (std::size_t index = 0; index < items.size(); ++index) {
    if (items[index].name.empty()) continue;
    // fleet::Host names are the same in any case (RFC 4343 section 3); quoted roles are not.
    const bool host = std::string_view(noun) == "host";
    const std::string key = host ? base::lower(items[index].name) : items[index].name;
    const auto [twin, first] = seen.emplace(key, spots[index]);
    if (first) continue;
    const base::Place place = problems.place(twin->second);
    problems.add_at(Code::config_duplicate, spots[index],
                    fmt::format("{} {} is declared twice", noun, in_quotes(items[index].name)),
                    fmt::format("The first is in {}, line {}.", in_quotes(place.file), place.line));
  }
}

void check_references(const Draft& draft, Problems& problems) {
  std::vector<std::string_view> known{"@databases", "@all"};
  for (const fleet::Host& host : draft.environment.hosts) known.push_back(host.name);
  const std::unordered_set<std::string_view> quickly(known.begin(), known.end());
  for (const Draft::Referrer& referrer : draft.referrers)
    for (const Draft::Reference& reference : referrer.references) {
      if (quickly.contains(reference.host)) continue;
      const std::string near = base::nearest(reference.host, known);
      const std::string host = in_quotes(reference.host);
      problems.add_at(Code::config_reference, reference.spot,
                      fmt::format("{} names host {}, which is not declared", referrer.what, host),
                      near.empty()
                          ? fmt::format("Declare it: [[host]] name = {}.", host)
                          : fmt::format("The nearest declared host is {}.", in_quotes(near)));
    }
}

void check_lifetimes(const Draft& draft, Problems& problems) {
  const int most = draft.environment.policy.authority_days;
  for (const Draft::Lifetime& lifetime : draft.lifetimes) {
    if (lifetime.days <= most) continue;
    const auto told = [](const Draft::Lifetime& each, int days) {
      return fmt::format("{} ({}{})", each.name, days, each.written ? "" : ", the default");
    };
    problems.add_at(Code::config_value, lifetime.written ? lifetime.spot : draft.authority.spot,
                    fmt::format("{} is longer than {}", told(lifetime, lifetime.days),
                                told(draft.authority, most)),
                    "An authority never signs what outlives it.");
  }
}

void check_hosts(const Draft& draft, Problems& problems) {
  const auto& hosts = draft.environment.hosts;
  if (hosts.empty())
    problems.add_at(Code::config_value, {}, "no host is declared",
                    "Declare at least one: [[host]] with name, link and database = true.");
  check_twins("host", hosts, draft.host_spots, problems);
}

}  // namespace

void read_main(const Value& top_value, Draft& draft, Problems& problems) {
  TableReader top("", top_value, problems);
  fleet::Environment& environment = draft.environment;
  const std::string state = top.text("state");
  environment.state =
      beside(environment.file, state.empty() ? standard_state(environment.file) : state);
  draft.includes = top.texts("include");
  if (const Member* include = top.find("include"))
    for (const std::string& pattern : draft.includes)
      for (const Value& item : include->value.items())
        if (item.text() == pattern) {
          draft.include_places.push_back(item.at());
          break;
        }
  draft.authority.days = environment.policy.authority_days;
  const auto read = [&](std::string_view name, ReadTable read_table) {
    if (const Member* table = top.find(name)) read_table(table->value, draft, problems);
  };
  if (top.require("environment", "Begin with [environment] and name = \"…\"."))
    read("environment", read_environment_table);
  read("policy", read_policy);
  read("authority", read_authority);
  read("ssh", read_ssh);
  read_lists(top, draft, problems);
}

void read_included(const Value& top_value, Draft& draft, Problems& problems) {
  const TableReader top("", top_value, problems);
  for (const Member& member : top_value.members()) {
    if (member.key == "include")
      problems.add(Code::config_value, member.at, "include in an included file",
                   "Name all files in include of the main file.");
    else if (std::find(main_only.begin(), main_only.end(), member.key) != main_only.end())
      problems.add(Code::config_value, member.at,
                   fmt::format("{} in an included file", in_quotes(member.key)),
                   "It belongs into the main file; included files hold hosts, identities, "
                   "exceptions and silences.");
  }
  read_lists(top, draft, problems);
}

void check_whole(const Draft& draft, Problems& problems) {
  check_hosts(draft, problems);
  check_twins("identity", draft.environment.identities, draft.identity_spots, problems);
  check_references(draft, problems);
  check_lifetimes(draft, problems);
}

}  // namespace configuration
