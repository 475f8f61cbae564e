// SPDX-License-Identifier: PostgreSQL
#include "audit/mistaken.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <set>
#include <string_view>

#include "audit/catalogue.h"
#include "base/text.h"
#include "x509/names.h"

namespace audit {
namespace {

using base::Finding;
using base::Findings;
using fleet::Host;
using fleet::HostFacts;

/// The name that the host remembers, "" where none of this ledger's marks says one.
std::string marked_name(const HostFacts& facts, const fleet::Mark& ours) {
  return facts.mark && facts.mark->same_ledger(ours) ? facts.mark->host : "";
}

/// Declared names and addresses, each with the host that alone has it.
class Declared {
 public:
  explicit Declared(const fleet::Environment& environment) {
    for (const Host& host : environment.hosts) {
      note(addresses_, x509::canonical_address(host.address), host);
      note(names_, host.name, host);
      for (const std::string& name : host.names)
        if (x509::canonical_address(name).empty()) note(names_, name, host);
    }
  }

  [[nodiscard]] const Host* with_address(const std::string& address) const {
    return find(addresses_, x509::canonical_address(address));
  }
  [[nodiscard]] const Host* with_name(const std::string& name) const {
    const std::string_view label = std::string_view(name).substr(0, name.find('.'));
    const Host* whole = find(names_, name);
    return whole != nullptr ? whole : find(names_, std::string(label));
  }

 private:
  using Table = std::map<std::string, const Host*>;

  /// Two hosts of one address or name: it tells nobody from anybody.
  static void note(Table& table, const std::string& key, const Host& host) {
    if (key.empty()) return;
    const auto [place, first] = table.emplace(key, &host);
    if (!first && place->second != &host) place->second = nullptr;
  }
  static const Host* find(const Table& table, const std::string& key) {
    const auto found = table.find(key);
    return found == table.end() ? nullptr : found->second;
  }

  Table addresses_;
  Table names_;
};

Finding about(std::string_view code, const Host& host, std::string message, std::string detail) {
  Finding found = finding(code, std::move(message));
  found.detail = std::move(detail);
  found.host = host.name;
  return found;
}

/// A mark is this environment's own word. A name that is still declared is another host's, whatever
/// else is taken over; one that is not was perhaps this host's, before it was renamed.
void check_name(const Answered& answer, const std::string& marked, const fleet::Environment& all,
                bool take_over, Findings& findings) {
  const Host& host = *answer.host;
  if (marked == host.name) return;
  const bool declared = all.find_host(marked) != nullptr;
  if (take_over && !declared) return;
  Finding found = about("host.mistaken", host,
                        fmt::format("host that answers as \"{}\" is marked as \"{}\"", host.name,
                                    base::printable_line(marked)),
                        fmt::format("Its link is \"{}\".", host.link));
  found.hint =
      declared
          ? fmt::format(
                "Correct link in the [[host]]s \"{}\" and \"{}\". If it is a copy of that host, "
                "take "
                "the mark /etc/pgseal/mark/{} away there: apply then gives it keys of its own.",
                host.name, base::printable_line(marked), all.name)
          : "Correct link in its [[host]]. If the host was renamed, run pgseal apply --take-over.";
  findings.push_back(std::move(found));
}

/// Nobody marked it yet: what it says of itself must not be what is declared of another.
void check_unmarked(const Answered& answer, const Declared& declared, Findings& findings) {
  const Host& host = *answer.host;
  const HostFacts& facts = *answer.facts;
  std::vector<std::string> signs;
  const Host* other = nullptr;
  const std::string own = x509::canonical_address(host.address);
  const bool has_own =
      std::find(facts.addresses.begin(), facts.addresses.end(), own) != facts.addresses.end();
  for (const std::string& address : facts.addresses) {
    const Host* there = own.empty() || has_own ? nullptr : declared.with_address(address);
    if (there == nullptr || there == &host) continue;
    other = there;
    signs.push_back(fmt::format("It has the address {} of \"{}\", and not its own {}.",
                                base::printable_line(address), there->name, own));
  }
  const Host* named = has_own ? nullptr : declared.with_name(facts.hostname);
  if (named != nullptr && named != &host) {
    other = named;
    signs.push_back(fmt::format("It calls itself \"{}\".", base::printable_line(facts.hostname)));
  }
  if (other == nullptr) return;
  Finding found =
      about("host.mistaken", host,
            fmt::format("host that answers as \"{}\" seems to be \"{}\"", host.name, other->name),
            fmt::format("{}", fmt::join(signs, " ")));
  found.hint = fmt::format(
      "Look where its link \"{}\" leads, and correct link or address in its [[host]]. If all is "
      "meant as it is, run pgseal apply --take-over: the host is marked, and asked no more.",
      host.link);
  findings.push_back(std::move(found));
}

using Alike = std::vector<const Answered*>;

std::string others_of(const Answered& answer, const Alike& all) {
  std::vector<std::string> names;
  for (const Answered* each : all)
    if (each != &answer) names.push_back("\"" + each->host->name + "\"");
  constexpr std::size_t shown = 3;
  const std::size_t more = names.size() > shown ? names.size() - shown : 0;
  names.resize(names.size() - more);
  return fmt::format("{}{}", fmt::join(names, ", "),
                     more == 0 ? "" : fmt::format(" and {} more", more));
}

/// The one that its own mark names is right: only the others' links lead astray.
void one_machine(const Answered& answer, const Alike& all, const fleet::Mark& mark,
                 Findings& findings) {
  const Host& host = *answer.host;
  if (marked_name(*answer.facts, mark) == host.name) return;
  Finding found =
      about("host.same-machine", host,
            fmt::format("\"{}\" and {} are one machine", host.name, others_of(answer, all)),
            fmt::format("Their links lead to one running system; that of \"{}\" is \"{}\".",
                        host.name, host.link));
  found.hint = "A machine is one [[host]]: correct link where it leads astray, or take one out.";
  findings.push_back(std::move(found));
}

void copies(const Answered& answer, const Alike& all, Findings& findings) {
  const Host& host = *answer.host;
  Finding found =
      about("host.copied", host,
            fmt::format("\"{}\" has the machine-id of {}", host.name, others_of(answer, all)),
            fmt::format("It is {} on running systems that are not one: one is a copy, and may have "
                        "brought the other's keys along.",
                        base::printable_line(answer.facts->machine_id)));
  found.hint =
      "On the copy run: rm -f /etc/machine-id /var/lib/dbus/machine-id; systemd-machine-id-setup, "
      "or dbus-uuidgen --ensure=/etc/machine-id where there is no systemd. If they were made from "
      "one image and are meant as they are, run pgseal apply --take-over once: marks then tell "
      "them apart.";
  findings.push_back(std::move(found));
}

/// Hosts of one machine-id (machine-id(5): it identifies a machine). Marks that say each its own
/// name show that they were told apart before.
void check_alike(const Alike& all, const fleet::Mark& mark, bool take_over, Findings& findings) {
  std::map<std::string, Alike> running;
  for (const Answered* each : all) {
    const std::string& system = each->facts->running_machine;
    running[system.empty() ? "of " + each->host->name : system].push_back(each);
  }
  const bool told_apart = std::all_of(all.begin(), all.end(), [&](const Answered* each) {
    return marked_name(*each->facts, mark) == each->host->name;
  });
  for (const auto& [system, alike] : running)
    for (const Answered* each : alike)
      if (alike.size() > 1)
        one_machine(*each, alike, mark, findings);
      else if (!told_apart && !take_over)
        copies(*each, all, findings);
}

}  // namespace

Findings mistaken_hosts(const fleet::Environment& environment, const std::vector<Answered>& answers,
                        const fleet::Mark& mark, bool take_over) {
  Findings findings;
  const Declared declared(environment);
  std::map<std::string, Alike> by_machine;
  for (const Answered& answer : answers) {
    const std::string& id = answer.facts->machine_id;
    if (!id.empty() && id != "uninitialized") by_machine[id].push_back(&answer);
  }
  for (const auto& [id, alike] : by_machine)
    if (alike.size() > 1) check_alike(alike, mark, take_over, findings);
  std::set<std::string> one_of_two;
  for (const Finding& found : findings)
    if (found.code == "host.same-machine") one_of_two.insert(found.host);
  for (const Answered& answer : answers) {
    const std::string marked = marked_name(*answer.facts, mark);
    if (one_of_two.contains(answer.host->name)) continue;
    if (!marked.empty())
      check_name(answer, marked, environment, take_over, findings);
    else if (!take_over)
      check_unmarked(answer, declared, findings);
  }
  return findings;
}

}  // namespace audit
