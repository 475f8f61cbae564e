// SPDX-License-Identifier: PostgreSQL
// The address of one rule.
#include <fmt/format.h>

#include <algorithm>

#include "admission/intervals.h"
#include "base/text.h"
#include "hba_lint/material.h"

namespace hba_lint {
namespace {

using admission::Number;
using Kind = hba::AddressSpec::Kind;

bool digits(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return c >= '0' && c <= '9'; });
}

/// No top-level domain is a number, and no host's name has such characters.
bool looks_like_address(std::string_view name) {
  if (name.empty() || name.find_first_of("*:") != std::string_view::npos) return true;
  int parts = 0;
  int numbers = 0;
  std::string_view last;
  for (std::string_view rest = name;;) {
    const std::size_t dot = rest.find('.');
    last = rest.substr(0, dot);
    ++parts;
    numbers += digits(last) ? 1 : 0;
    if (dot == std::string_view::npos) break;
    rest.remove_prefix(dot + 1);
  }
  return digits(last) || (parts == 4 && numbers == 3);
}

bool contiguous(Number mask, hba::Family family) {
  const Number all = admission::whole(family).last;
  const Number below = all & ~mask;
  return (below & (below + 1)) == 0;
}

std::string network_of(const hba::AddressSpec& spec) {
  return fmt::format("{} with the mask {}", hba::to_string(spec.address),
                     hba::to_string(spec.mask));
}

void check_name(const hba::Token& written, const hba::RuleRow& row, base::Findings& findings) {
  const std::string& name = written.text;
  for (const std::string_view word : {"all", "samehost", "samenet"}) {
    if (name == word) {
      say(findings, "hba.quoted-keyword", row, fmt::format("\"{}\" is a host's name here", name));
      return;
    }
    if (base::lower(name) == word) {
      say(findings, "hba.keyword-case", row, fmt::format("\"{}\" is a host's name", name));
      return;
    }
  }
  if (looks_like_address(name))
    say(findings, "hba.address-typo", row, fmt::format("\"{}\" is read as a host's name", name));
  else if (row.rule->method == hba::Method::reject)
    say(findings, "hba.hostname-reject", row,
        fmt::format("whoever is not found out to be \"{}\" goes on to the rules below", name));
  else
    say(findings, "hba.hostname", row, fmt::format("the resolver says who \"{}\" is", name));
}

void check_network(const std::vector<hba::Field>& fields, const hba::RuleRow& row,
                   base::Findings& findings) {
  const hba::AddressSpec& spec = row.rule->address;
  const hba::Family family = spec.address.family;
  const Number address = admission::number_of(spec.address);
  const Number mask = admission::number_of(spec.mask);
  const std::string& written = fields[3][0].text;
  const std::size_t slash = written.find('/');
  const bool mask_is_short =
      slash == std::string::npos && fields[4][0].text != hba::to_string(spec.mask);
  if (family == hba::Family::ipv4 &&
      (written.substr(0, slash) != hba::to_string(spec.address) || mask_is_short)) {
    say(findings, "hba.address-short", row, fmt::format("this is {}", network_of(spec)));
    return;
  }
  if (!contiguous(mask, family)) {
    say(findings, "hba.noncontiguous-mask", row,
        fmt::format("the mask {} has a gap", hba::to_string(spec.mask)));
    return;
  }
  constexpr Number mapped = Number(0xFFFF) << 32U;
  constexpr Number upper = ~((Number(1) << 32U) - 1);
  if (family == hba::Family::ipv6 && (address & upper) == mapped && (mask & upper) == upper) {
    say(findings, "hba.mapped-address", row, fmt::format("no client is {}", network_of(spec)));
    return;
  }
  if ((address & ~mask & admission::whole(family).last) != 0)
    say(findings, "hba.host-bits", row, fmt::format("this is {}", network_of(spec)));
}

}  // namespace

bool only_own_machine(const hba::Rule& rule) {
  const hba::AddressSpec& spec = rule.address;
  if (rule.type == hba::ConnectionType::local || spec.kind == Kind::samehost) return true;
  if (spec.kind != Kind::network) return false;
  const Number address = admission::number_of(spec.address);
  const Number mask = admission::number_of(spec.mask);
  if (spec.address.family == hba::Family::ipv6) return address == 1 && ~mask == 0;
  return address >> 24U == 127 && mask >> 24U == 0xFF;
}

void check_address(const Material& material, std::size_t number, base::Findings& findings) {
  const hba::RuleRow& row = material.rules.rows[number];
  const std::vector<hba::Field>& fields = material.fields[number];
  switch (row.rule->address.kind) {
    case Kind::none:
    case Kind::all:
    case Kind::samehost:
      return;
    case Kind::samenet:
      say(findings, "hba.samenet", row, "this is every network that the server is in");
      return;
    case Kind::name:
      return check_name(fields[3][0], row, findings);
    case Kind::network:
      return check_network(fields, row, findings);
  }
}

}  // namespace hba_lint
