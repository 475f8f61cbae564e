// SPDX-License-Identifier: PostgreSQL
// The bytes of a pg_hba.conf (the first two choose version and settings): any are taken; the rows
// are in the order of the lines; the lint has a finding where the server refuses; what a proof
// calls a witness gets past, and what it calls proven lets nobody in of those that are tried; a
// file and itself are equivalent, and what is said of it and of its first half is so.
#include "admission/compare.h"
#include "admission/prove.h"
#include "fuzz/fuzzed.h"
#include "hba_lint/lint.h"

using fuzzed::must;

namespace {

class NoFiles : public hba::Sources {
 public:
  [[nodiscard]] hba::Reading read(const std::string&) const override {
    return {hba::Reading::State::missing, "", "No such file or directory"};
  }
  [[nodiscard]] hba::Listing list(const std::string&) const override { return {false, "", {}}; }
};

bool gets_past(const admission::Rules& rules, const admission::Connection& asked) {
  return rules.explain(asked).outcome == admission::Decision::Outcome::accept;
}

bool refused(const admission::Decision& decision) {
  using Outcome = admission::Decision::Outcome;
  return decision.outcome == Outcome::no_match ||
         (decision.row != nullptr && decision.row->rule->method == hba::Method::reject);
}

/// Of two files that load. Where both are equivalent nobody is let in by one alone.
void check_comparison(const admission::Subject& before, const admission::Subject& after) {
  const admission::Rules old_rules(before.file, before.idents, before.roles, before.version,
                                   before.traits);
  const admission::Rules new_rules(after.file, after.idents, after.roles, after.version,
                                   after.traits);
  const admission::Comparison made = admission::compare(before, after);
  for (const admission::Change& change : made.changes) {
    if (!change.unknown.empty()) continue;
    must(old_rules.explain(change.witness).row == change.before, "the old rule decides a witness");
    must(new_rules.explain(change.witness).row == change.after, "the new rule decides a witness");
  }
  if (!made.equivalent) return;
  for (const char* user : {"app", "devs", "a", "somebody"})
    for (const char* database : {"app", "devs", "a", "shop"})
      for (const char* address : {"10.0.0.7", "::1"}) {
        const admission::Connection asked{admission::Transport::tls,          user,  database,
                                          hba::read_address(address).address, false, std::nullopt};
        const admission::Decision one = old_rules.explain(asked);
        const admission::Decision other = new_rules.explain(asked);
        if (one.outcome != admission::Decision::Outcome::unknown &&
            other.outcome != admission::Decision::Outcome::unknown)
          must(refused(one) == refused(other), "equivalent files let the same in");
      }
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  if (size < 2 || size > 4096) return 0;
  const hba::Version version{10 + data[0] % 9, 3};
  const hba::ServerTraits traits{(data[1] & 1U) != 0, false};
  const std::string text(fuzzed::text(data + 2, size - 2));
  const hba::RuleFile file = hba::read_rules("hba", text, version, traits, NoFiles());
  int last = 0;
  for (const hba::RuleRow& row : file.rows) {
    must(row.line >= last, "rows are in the order of the lines");
    last = row.line;
    must(row.rule || file.accepted != std::optional(true), "a bad line refuses the file");
    if (row.rule) static_cast<void>(hba::shown(*row.rule, version));
  }
  const hba::IdentFile idents = hba::read_idents("ident", text, version, NoFiles());
  static_cast<void>(admission::parse_connection(text));
  const auto roles = admission::Roles::parse("roles", "app devs\n");
  must(static_cast<bool>(roles), "a good list of roles is read");
  const NoFiles no_files;
  const hba_lint::Report report = hba_lint::lint(
      {"hba", text, version, traits, no_files, *roles, "ident", std::optional<std::string>(text)});
  must(report.rules.accepted == file.accepted, "the lint reads what others read");
  must(file.accepted != std::optional(false) || base::any_problem(report.findings),
       "what the server refuses is a finding");
  if (file.accepted == std::optional(false)) return 0;
  const admission::Subject whole{file, idents, *roles, version, traits};
  must(admission::compare(whole, whole).changes.empty(), "a file is like itself");
  const std::string part = text.substr(0, text.size() / 2);
  const hba::RuleFile half = hba::read_rules("hba", part, version, traits, NoFiles());
  if (half.accepted != std::optional(false))
    check_comparison(whole, {half, idents, *roles, version, traits});
  const admission::Rules rules(file, idents, *roles, version, traits);
  const admission::Proof proof = admission::prove(whole, {});
  if (proof.witness && proof.unknown.empty())
    must(gets_past(rules, *proof.witness), "a witness gets past");
  if (!proof.proven) return 0;
  must(!proof.witness, "what is proven has no witness");
  for (const char* user : {"app", "devs", "a", "somebody"})
    for (const char* database : {"app", "devs", "a", "shop"})
      for (const char* address : {"10.0.0.7", "::1"})
        for (const bool physical : {false, true})
          must(!gets_past(rules, {admission::Transport::plain, user, database,
                                  hba::read_address(address).address, physical, std::nullopt}),
               "nobody gets past what is proven");
  return 0;
}
