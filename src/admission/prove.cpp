// SPDX-License-Identifier: PostgreSQL
#include "admission/prove.h"

#include <fmt/format.h>

#include <algorithm>

#include "admission/by_names.h"
#include "admission/dependence.h"
#include "admission/least_members.h"
#include "base/text.h"

namespace admission {
namespace {

using hba::Family;
using Outcome = Decision::Outcome;

// Each costs a walk through the file; what is beyond is named all the same.
constexpr int most_walks = 50;
constexpr std::size_t most_named = 20;

/// What rules catch surely, by their keys for user and database.
class Covered {
 public:
  explicit Covered(const Names& names) : names_(names) {}

  void add(const hba::Rule& rule, const Addresses& addresses) {
    sets_.for_all(names_.user_keys(rule), names_.database_keys(rule),
                  [&](AddressSet& set) { set.add(addresses); });
  }

  /// The first address of `wanted` at which no rule catches the member.
  [[nodiscard]] std::optional<Number> hole(const Member& member, Family family,
                                           const std::vector<Interval>& wanted) const {
    std::vector<const Intervals*> sets;
    sets_.for_known(names_.user_keys(member), names_.database_keys(member),
                    [&](const AddressSet& set) { sets.push_back(&set.of(family)); });
    return admission::hole(sets, wanted);
  }

 private:
  const Names& names_;
  ByNames<AddressSet> sets_;
};

class Prover {
 public:
  Prover(const Subject& subject, const Question& question)
      : subject_(subject),
        question_(question),
        names_(subject.file, subject.roles, subject.version),
        rules_(subject.file, subject.idents, subject.roles, subject.version, subject.traits) {
    if (question_.networks) {
      asked_.ipv4 = question_.networks->ipv4;
      asked_.ipv6 = common(asked_.ipv6, question_.networks->ipv6);
    }
    for (std::vector<std::string>* names : {&question_.roles, &question_.databases})
      for (std::string& name : *names) name = hba::cut_name(name, subject.version);
  }

  Proof run() {
    for (const hba::RuleRow& row : subject_.file.rows)
      if (!row.doubt.empty())
        note(fmt::format("whether the server loads {}: {}", place_of(row), row.doubt));
    std::vector<Transport> transports = {Transport::plain, Transport::gss};
    if (question_.require == Requirement::certificate) transports.push_back(Transport::tls);
    if (question_.include_local) transports.push_back(Transport::local);
    for (const Transport transport : transports)
      if (pass(transport)) break;
    proof_.proven = !proof_.witness && proof_.unknown.empty();
    return std::move(proof_);
  }

 private:
  [[nodiscard]] bool too_weak(const hba::Rule& rule, Transport transport) const {
    if (rule.method == hba::Method::reject) return false;
    return transport != Transport::tls || std::string_view(demand_of(rule)) == "none";
  }

  /// True once a witness is found that depends on nothing.
  bool pass(Transport transport) {
    Covered covered(names_);
    for (const hba::RuleRow& row : subject_.file.rows) {
      if (!row.rule || !type_matches(row.rule->type, transport, subject_.traits.ssl)) continue;
      const auto addresses = addresses_of(row.rule->address);
      if (too_weak(*row.rule, transport) &&
          look(row, addresses ? *addresses : possible_addresses(row.rule->address), transport,
               covered))
        return true;
      if (addresses) covered.add(*row.rule, *addresses);
    }
    return false;
  }

  bool look(const hba::RuleRow& row, const Addresses& addresses, Transport transport,
            const Covered& covered) {
    bool unnamed = false;
    const std::vector<Member> members =
        names_.least_members(*row.rule, question_.roles, question_.databases, unnamed);
    for (const Member& member : members)
      for (const Family family : {Family::ipv4, Family::ipv6}) {
        const std::vector<Interval> wanted = common(addresses.of(family), asked_.of(family));
        const auto hole = covered.hole(member, family, wanted);
        if (!hole) continue;
        if (examine(row, member, transport, address_of(*hole, family))) return true;
        if (transport == Transport::local) break;
      }
    if (unnamed)
      note(fmt::format("which names the regular expression of {} catches", place_of(row)));
    return false;
  }

  /// Walks through the file for one connection that the sets left open.
  bool examine(const hba::RuleRow& row, const Member& member, Transport transport,
               const hba::Address& address) {
    std::optional<hba::Address> from;
    if (transport != Transport::local) from = address;
    const Connection asked{
        transport, member.user,     member.physical ? member.user : member.database,
        from,      member.physical, std::nullopt};
    if (++walks_ > most_walks) {
      note_dependence(row);
      return false;
    }
    const Decision decision = rules_.explain(asked);
    const bool sure =
        decision.outcome == Outcome::accept && too_weak(*decision.row->rule, transport);
    if (sure && transport != Transport::gss) {
      proof_.witness = asked;
      proof_.row = decision.row;
      proof_.unknown.clear();
      return true;
    }
    if (sure)
      note("whether the server encrypts by GSS: that it was built with it and has a keytab");
    if (decision.outcome == Outcome::unknown) {
      for (const hba::RuleRow* each : decision.candidates) note_dependence(*each);
    } else if (!sure) {
      // The sets hold what is caught for sure; this rule catches but some of those that are meant.
      note_dependence(row);
      if (decision.row != nullptr) note_dependence(*decision.row);
    }
    if (!proof_.witness) {
      proof_.witness = asked;
      proof_.row = sure ? decision.row : &row;
    }
    return false;
  }

  void note(const std::string& what) {
    if (std::find(proof_.unknown.begin(), proof_.unknown.end(), what) != proof_.unknown.end())
      return;
    if (proof_.unknown.size() < most_named) proof_.unknown.push_back(what);
  }

  void note_dependence(const hba::RuleRow& row) {
    for (const std::string& what : dependences_of(row, subject_.roles, subject_.version))
      note(what);
  }

  const Subject& subject_;
  Question question_;  ///< names as the server takes them
  Addresses asked_ = client_addresses();
  Names names_;
  Rules rules_;
  Proof proof_;
  int walks_ = 0;
};

std::string scope_of(const Question& question) {
  std::string made;
  if (!question.roles.empty())
    made += fmt::format(", for the roles {}", fmt::join(question.roles, ", "));
  if (!question.databases.empty())
    made += fmt::format(", for the databases {}", fmt::join(question.databases, ", "));
  if (question.networks) made += ", from the networks that were named";
  return base::printable_line(made);
}

std::string statement_of(const Question& question, const Subject& subject, const Proof& proof) {
  const char* what = question.require == Requirement::tls
                         ? "without TLS"
                         : "without a client certificate that the server has verified";
  const char* where = question.include_local ? "no connection" : "no TCP connection";
  const std::string claim =
      fmt::format("{} {} gets past authentication{}", where, what, scope_of(question));
  return fmt::format(
      "{}{}. This holds for new connections of PostgreSQL {} that goes by exactly these rules, "
      "with {}, and whose IPv6 sockets take no IPv4 clients (::ffff:0:0/96), as its own do not. "
      "Cancel requests, sessions that are open already, a pooler "
      "or tunnel in front of the server, and authentication hooks of extensions are not part of "
      "it.{}",
      proof.proven ? "Proven: " : "Not proven: ", claim, hba::to_string(subject.version),
      subject.traits.ssl ? "ssl = on and TLS answering" : "ssl = off",
      subject.roles.known() ? fmt::format(" Memberships are those of {}.", subject.members) : "");
}

}  // namespace

Proof prove(const Subject& subject, const Question& question) {
  Proof proof = Prover(subject, question).run();
  proof.statement = statement_of(question, subject, proof);
  return proof;
}

}  // namespace admission
