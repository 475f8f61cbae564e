// SPDX-License-Identifier: PostgreSQL
#include "x509/pem.h"

#include <fmt/format.h>

#include "base/text.h"

namespace x509::pem {
namespace {

constexpr std::string_view dashes = "-----";

/// The label of "-----BEGIN label-----", or empty.
std::string_view boundary(std::string_view line, std::string_view word) {
  while (!line.empty() && (line.back() == '\r' || line.back() == ' ' || line.back() == '\t'))
    line.remove_suffix(1);
  const std::size_t head = dashes.size() + word.size() + 1;
  if (line.size() <= head + dashes.size() || !line.starts_with(dashes) || !line.ends_with(dashes))
    return {};
  if (line.substr(dashes.size(), word.size()) != word || line[head - 1] != ' ') return {};
  return line.substr(head, line.size() - head - dashes.size());
}

}  // namespace

base::Result<std::vector<Block>> blocks(std::string_view text, base::Code code) {
  std::vector<Block> found;
  Block current;
  int number = 0;
  std::size_t begin = 0;
  std::size_t body = 0;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t newline = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, newline - at);
    const std::size_t next = std::min(newline + 1, text.size());
    ++number;
    if (const std::string_view label = boundary(line, "BEGIN"); !label.empty()) {
      if (!current.label.empty()) break;
      current = {label, {}, {}, static_cast<int>(found.size()) + 1, number};
      begin = at;
      body = next;
    } else if (!current.label.empty() && boundary(line, "END") == current.label) {
      current.text = text.substr(begin, next - begin);
      current.body = text.substr(body, at - body);
      found.push_back(current);
      current = {};
    }
    at = next;
  }
  if (current.label.empty()) return found;
  return base::error(code, fmt::format("PEM {} has no end", place(current)))
      .with_detail(fmt::format("\"-----BEGIN {}-----\" is not followed by its END line.",
                               base::printable_line(current.label)));
}

base::Result<std::string> bytes(const Block& block, base::Code code) {
  std::string digits;
  digits.reserve(block.body.size());
  for (const char c : block.body)
    if (c != '\n' && c != '\r' && c != ' ' && c != '\t') digits += c;
  auto decoded = base::unbase64(digits);
  if (!decoded || decoded->empty())
    return base::error(code, fmt::format("PEM {} is broken", place(block)))
        .with_detail("Its content is not base64 (RFC 7468).");
  return std::move(*decoded);
}

bool is_private_key(const Block& block) { return block.label.ends_with("PRIVATE KEY"); }

// "X509 CERTIFICATE" is OpenSSL's old spelling, which it still reads.
bool is_certificate(const Block& block) {
  return block.label == "CERTIFICATE" || block.label == "X509 CERTIFICATE";
}

std::string encode(std::string_view label, std::string_view bytes) {
  const std::string digits = base::base64(bytes);
  std::string text = fmt::format("-----BEGIN {}-----\n", label);
  for (std::size_t at = 0; at < digits.size(); at += 64) {
    text += std::string_view(digits).substr(at, 64);
    text += '\n';
  }
  return text + fmt::format("-----END {}-----\n", label);
}

std::string place(const Block& block) {
  return fmt::format("block {}, at line {}", block.number, block.line);
}

}  // namespace x509::pem
