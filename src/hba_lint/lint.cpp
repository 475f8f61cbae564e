// SPDX-License-Identifier: PostgreSQL
#include "hba_lint/lint.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "hba_lint/material.h"

namespace hba_lint {
namespace {

/// Keeps what is read.
class Kept : public hba::Sources {
 public:
  Kept(const hba::Sources& from, std::map<std::string, std::string>& texts)
      : from_(from), texts_(texts) {}
  [[nodiscard]] hba::Reading read(const std::string& path) const override {
    hba::Reading reading = from_.read(path);
    if (reading.state == hba::Reading::State::read) texts_.emplace(path, reading.text);
    return reading;
  }
  [[nodiscard]] hba::Listing list(const std::string& folder) const override {
    return from_.list(folder);
  }

 private:
  const hba::Sources& from_;
  std::map<std::string, std::string>& texts_;
};

}  // namespace

Report lint(const Subject& subject) {
  Material material{subject, {}, {}, {}, {}};
  material.texts.emplace(subject.file, subject.text);
  const Kept kept(subject.sources, material.texts);
  hba::Tokens tokens = hba::tokenize(subject.file, subject.text, subject.version, kept);
  material.rules = hba::rules_of(subject.file, tokens, subject.version, subject.traits);
  material.fields.reserve(tokens.lines.size());
  for (hba::Line& line : tokens.lines) material.fields.push_back(std::move(line.fields));
  if (subject.idents)
    material.idents =
        hba::read_idents(subject.ident_file, *subject.idents, subject.version, subject.sources);

  base::Findings findings;
  findings.reserve(material.rules.rows.size());
  check_bytes(material, findings);
  check_refusals(material, findings);
  for (std::size_t i = 0; i < material.rules.rows.size(); ++i) {
    if (!material.rules.rows[i].rule) continue;
    check_names(material, i, findings);
    check_address(material, i, findings);
    check_method(material, i, findings);
  }
  check_idents(material, findings);
  check_coverage(material, findings);
  check_server(material, findings);
  // The rules of a file that is refused decide nothing.
  if (material.rules.accepted != std::optional(false)) check_reach(material, findings);

  const auto place = [&](const base::Finding& each) {
    return std::make_tuple(each.file != subject.file, std::string_view(each.file), each.line);
  };
  std::stable_sort(findings.begin(), findings.end(),
                   [&](const auto& a, const auto& b) { return place(a) < place(b); });
  return {std::move(material.rules), std::move(findings)};
}

}  // namespace hba_lint
