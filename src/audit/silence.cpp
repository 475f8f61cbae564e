// SPDX-License-Identifier: PostgreSQL
#include "audit/silence.h"

#include <fmt/format.h>

#include <algorithm>

#include "audit/catalogue.h"

namespace audit {
namespace {

std::string where(const fleet::Silence& silence) {
  return silence.host.empty() ? "" : " on " + silence.host;
}

}  // namespace

Silencer::Silencer(const std::vector<fleet::Silence>& silences, base::Time at) {
  for (const fleet::Silence& silence : silences)
    rules_.push_back({&silence, silence.until && at > *silence.until});
}

void Silencer::take_from(base::Findings& findings, std::string_view host) {
  std::erase_if(findings, [&](const base::Finding& found) {
    const std::string_view here = found.host.empty() ? host : std::string_view(found.host);
    const auto rule = std::find_if(rules_.begin(), rules_.end(), [&](const Rule& one) {
      return !one.ended && one.silence->code == found.code &&
             (one.silence->host.empty() || one.silence->host == here);
    });
    if (rule == rules_.end()) return false;
    ++rule->taken;
    return true;
  });
}

base::Findings Silencer::notes() const {
  base::Findings notes;
  std::size_t taken = 0;
  std::string detail;
  for (const Rule& rule : rules_) {
    const fleet::Silence& silence = *rule.silence;
    if (rule.ended) {
      notes.push_back(finding("silence.expired",
                              fmt::format("silence of {}{} ended on {}", silence.code,
                                          where(silence), base::format_date(*silence.until))));
      notes.back().detail = fmt::format("Its reason was: {}.", silence.reason);
      notes.back().hint = "Mend what it silenced and take it out, or write a later until.";
      notes.back().host = silence.host;
    }
    if (rule.taken == 0) continue;
    taken += rule.taken;
    detail += fmt::format("{}{} {}{}: {}", detail.empty() ? "" : "\n", rule.taken, silence.code,
                          where(silence), silence.reason);
  }
  if (taken == 0) return notes;
  notes.push_back(
      finding("findings.silenced",
              fmt::format("{} {} silenced", taken, taken == 1 ? "finding is" : "findings are")));
  notes.back().detail = detail;
  return notes;
}

}  // namespace audit
