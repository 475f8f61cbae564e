// SPDX-License-Identifier: PostgreSQL
#include "x509/names.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

#include "base/text.h"

namespace x509 {
namespace {

bool letter_or_digit(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

bool valid_label(std::string_view label) {
  if (label.empty() || label.size() > 63) return false;
  if (!letter_or_digit(label.front()) || !letter_or_digit(label.back())) return false;
  return std::all_of(label.begin(), label.end(),
                     [](char c) { return letter_or_digit(c) || c == '-'; });
}

}  // namespace

bool valid_dns_name(std::string_view name) {
  if (name.empty() || name.size() > 253) return false;
  std::string_view last = name;
  for (auto dot = name.find('.'); dot != name.npos; dot = last.find('.')) {
    if (!valid_label(last.substr(0, dot))) return false;
    last.remove_prefix(dot + 1);
  }
  return valid_label(last) &&
         !std::all_of(last.begin(), last.end(), [](char c) { return c >= '0' && c <= '9'; });
}

std::optional<std::string> parse_ip(std::string_view text) {
  const std::string terminated(text);
  if (terminated.find('\0') != std::string::npos) return std::nullopt;
  std::array<char, 16> bytes{};
  if (inet_pton(AF_INET, terminated.c_str(), bytes.data()) == 1)
    return std::string(bytes.data(), 4);
  if (inet_pton(AF_INET6, terminated.c_str(), bytes.data()) == 1)
    return std::string(bytes.data(), 16);
  return std::nullopt;
}

std::string format_ip(std::string_view bytes) {
  std::array<char, INET6_ADDRSTRLEN> text{};
  const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
  if ((bytes.size() != 4 && bytes.size() != 16) ||
      inet_ntop(family, bytes.data(), text.data(), text.size()) == nullptr)
    return "hex:" + base::hex(bytes);
  return text.data();
}

std::string canonical_address(std::string_view address) {
  constexpr std::string_view mapped("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12);
  auto bytes = parse_ip(address.substr(0, address.find('%')));
  if (!bytes) return "";
  if (bytes->size() == 16 && bytes->starts_with(mapped)) bytes->erase(0, mapped.size());
  return format_ip(*bytes);
}

}  // namespace x509
