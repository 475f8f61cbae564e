// SPDX-License-Identifier: PostgreSQL
#include "cli/hba_fix.h"

#include <fmt/format.h>

#include "admission/compare.h"
#include "base/fd.h"
#include "base/text.h"
#include "cli/consent.h"
#include "cli/views.h"
#include "hba/mask.h"

namespace cli {
namespace {

using base::printable_line;
using base::Result;
using hba_lint::Correction;

constexpr int oldest = 10;

/// Two texts of the file, as a version reads them, whoever is a member of what; null where it
/// refuses one of them.
std::optional<bool> equivalent(const hba_lint::Subject& subject, std::string_view before,
                               std::string_view after, const hba::Version& version) {
  const auto read = [&](std::string_view of) {
    return hba::read_rules(subject.file, of, version, subject.traits, subject.sources);
  };
  const hba::RuleFile old_rules = read(before);
  const hba::RuleFile new_rules = read(after);
  if (old_rules.accepted == std::optional(false) || new_rules.accepted == std::optional(false))
    return std::nullopt;
  hba::IdentFile idents;
  idents.known = false;
  const admission::Roles roles;
  return admission::compare({old_rules, idents, roles, version, subject.traits},
                            {new_rules, idents, roles, version, subject.traits})
      .equivalent;
}

base::Error differs() {
  return base::error(base::Code::internal,
                     "nothing was written: the corrected file would not say the same");
}

/// Corrected words by the version itself, or where it refuses the file as it was by the newest that
/// did not; lines that are taken out by the version itself.
Result<std::string> judged(const hba_lint::Subject& subject, const hba_lint::Fixed& fixed) {
  if (equivalent(subject, fixed.reworded, fixed.text, subject.version) == std::optional(false))
    return differs();
  for (int major = subject.version.major; major >= oldest; --major) {
    const hba::Version version = major == subject.version.major
                                     ? subject.version
                                     : TRY(hba::parse_version(fmt::to_string(major)));
    const std::optional<bool> same = equivalent(subject, subject.text, fixed.reworded, version);
    if (!same) continue;
    if (!*same) return differs();
    return fmt::format("as PostgreSQL {} reads both files, nobody's way in changes",
                       hba::to_string(version));
  }
  return fmt::format(
      "no version from {} to {} loads the file as it was, so that nobody can compare the two: look "
      "at each correction",
      oldest, subject.version.major);
}

/// The lines of a piece of a file, each with its mark before it.
std::string marked(char mark, const std::string& text) {
  std::string all;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    all += fmt::format("{}{}\n", mark, printable_line(text.substr(at, end - at)));
    at = end + 1;
  }
  return all;
}

std::ptrdiff_t lines_of(const std::string& text) {
  const auto ends = std::count(text.begin(), text.end(), '\n');
  return ends + (text.empty() || text.back() == '\n' ? 0 : 1);
}

}  // namespace

std::string text_of(const std::vector<Correction>& corrections, const std::string& file) {
  std::string all;
  std::ptrdiff_t moved = 0;
  for (const Correction& each : corrections) {
    const auto [before, after] = std::pair(lines_of(each.before), lines_of(each.after));
    all +=
        fmt::format("@@ -{},{} +{},{} @@ {}\n", each.line, before,
                    each.line + moved - (after == 0 ? 1 : 0), after, fmt::join(each.codes, ", "));
    all += marked('-', hba::mask_secrets(each.before)) + marked('+', hba::mask_secrets(each.after));
    moved += after - before;
  }
  const std::string name = printable_line(file);
  return all.empty() ? all : fmt::format("--- {0}\n+++ {0}\n{1}", name, all);
}

Result<hba_lint::Fixed> mend(Shell& shell, const hba_lint::Subject& subject) {
  const bool to_output = subject.file == "-";
  if (to_output && shell.options.json)
    return base::error(base::Code::usage, "with FILE - the corrected file is the result")
        .with_hint("Leave --json away, or name a file.");
  hba_lint::Fixed fixed = hba_lint::fix(subject);
  const std::string sameness = TRY(judged(subject, fixed));
  const std::string difference = text_of(fixed.corrections, subject.file);
  if (to_output || shell.options.json)
    shell.speech.say(difference);
  else
    shell.speech.result(difference);
  if (to_output) shell.speech.result(fixed.text);
  if (fixed.corrections.empty()) {
    shell.speech.say("there is nothing that can be mended without changing who gets in");
    return fixed;
  }
  shell.speech.say(sameness);
  if (to_output) return fixed;
  const std::string name = printable_line(subject.file);
  TRY(consent(shell,
              fmt::format("write {} into {}?",
                          count(fixed.corrections.size(), "correction", "corrections"), name)));
  TRY(base::rewrite_file_durably(subject.file, subject.text, fixed.text));
  shell.speech.say(fmt::format("{} written; a running server takes it with its next reload", name));
  return fixed;
}

}  // namespace cli
