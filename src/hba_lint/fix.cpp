// SPDX-License-Identifier: PostgreSQL
#include "hba_lint/fix.h"

#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "base/text.h"
#include "hba_lint/material.h"

namespace hba_lint {
namespace {

using hba::Field;
using hba::Version;
using Fields = std::vector<Field>;

/// A server tells one mistake of a line at a time.
constexpr int most_rounds = 64;

/// One field, not quoted, of one token.
const std::string* word_at(const Fields& fields, std::size_t index) {
  if (index >= fields.size() || fields[index].size() != 1 || fields[index][0].quoted)
    return nullptr;
  return &fields[index][0].text;
}

/// What a field becomes; "": it goes.
struct Edit {
  std::size_t index = 0;
  std::string text;
};

bool same(const Fields& left, const Fields& right) {
  return std::equal(left.begin(), left.end(), right.begin(), right.end(),
                    [](const Field& one, const Field& other) {
                      return std::equal(one.begin(), one.end(), other.begin(), other.end(),
                                        [](const hba::Token& a, const hba::Token& b) {
                                          return a.text == b.text && a.quoted == b.quoted;
                                        });
                    });
}

std::optional<Fields> fields_of(std::string_view raw, const Version& version) {
  const hba::Tokens tokens = hba::tokenize("line", raw, version, OneName());
  if (tokens.lines.size() != 1 || !tokens.lines[0].error.empty()) return std::nullopt;
  return tokens.lines[0].fields;
}

bool ends_word(char c) { return std::string_view(" \t\r\n\\#").find(c) != std::string_view::npos; }

/// The line with the edit, byte for byte as it was elsewhere. Each place where the word may stand
/// is tried: the right one is where the whole line is read as it was but for that field.
std::optional<std::string> edited(std::string_view raw, const Edit& edit, const Version& version) {
  auto wanted = fields_of(raw, version);
  const std::string* word = wanted ? word_at(*wanted, edit.index) : nullptr;
  if (word == nullptr) return std::nullopt;
  const std::string old = *word;
  const auto field = wanted->begin() + static_cast<std::ptrdiff_t>(edit.index);
  if (edit.text.empty())
    wanted->erase(field);
  else
    *field = {{edit.text, false}};
  for (std::size_t at = raw.find(old); at != std::string_view::npos; at = raw.find(old, at + 1)) {
    std::size_t begin = at;
    const std::size_t end = at + old.size();
    if (begin > 0 && !ends_word(raw[begin - 1])) continue;
    if (end < raw.size() && !ends_word(raw[end])) continue;
    while (edit.text.empty() && begin > 0 && (raw[begin - 1] == ' ' || raw[begin - 1] == '\t'))
      --begin;
    std::string text(raw.substr(0, begin));
    text.append(edit.text).append(raw.substr(end));
    const auto read = fields_of(text, version);
    if (read && same(*read, *wanted)) return text;
  }
  return std::nullopt;
}

// ---- what is written instead
// ---------------------------------------------------------------------

std::optional<Edit> correct_type(const Fields& fields, const Version& version) {
  const std::string* word = word_at(fields, 0);
  if (word == nullptr) return std::nullopt;
  const std::string lower = base::lower(*word);
  for (const auto type : {hba::ConnectionType::local, hba::ConnectionType::host,
                          hba::ConnectionType::hostssl, hba::ConnectionType::hostnossl})
    if (lower == hba::to_string(type)) return Edit{0, lower};
  const bool gss = lower == "hostgssenc" || lower == "hostnogssenc";
  return gss && version.major >= 12 ? std::optional<Edit>({0, lower}) : std::nullopt;
}

/// Behind the address, where there is one: a host may be called Trust.
std::optional<Edit> correct_method(const Fields& fields, const Version& /*version*/) {
  const std::string* type = word_at(fields, 0);
  if (type == nullptr) return std::nullopt;
  for (std::size_t i = *type == "local" ? 3 : 4; i < fields.size() && i < 6; ++i) {
    const std::string* word = word_at(fields, i);
    if (word == nullptr) continue;
    const std::string lower = base::lower(*word);
    if (lower == *word) continue;  // an address, a mask
    for (const auto method :
         {hba::Method::trust, hba::Method::reject, hba::Method::password, hba::Method::md5,
          hba::Method::scram, hba::Method::ident, hba::Method::peer, hba::Method::gss,
          hba::Method::pam, hba::Method::ldap, hba::Method::cert, hba::Method::radius})
      if (lower == hba::to_string(method)) return Edit{i, lower};
    return std::nullopt;
  }
  return std::nullopt;
}

/// 1 was verify-ca to 13, no-verify and 0 were nothing (auth-pg-hba-conf of 13).
std::optional<Edit> correct_clientcert(const Fields& fields, const Version& version) {
  if (version.major < 14) return std::nullopt;
  const auto is_one = [](const Field& field) {
    return field.size() == 1 && field[0].text.starts_with("clientcert=");
  };
  // Where there are several the last one held.
  if (fields.size() < 4 || std::count_if(fields.begin() + 4, fields.end(), is_one) > 1)
    return std::nullopt;
  for (std::size_t i = 4; i < fields.size(); ++i) {
    const std::string* word = word_at(fields, i);
    if (word == nullptr) continue;
    if (*word == "clientcert=1") return Edit{i, "clientcert=verify-ca"};
    if (*word == "clientcert=0" || *word == "clientcert=no-verify") return Edit{i, ""};
  }
  return std::nullopt;
}

/// One host. What ends in 0 was meant as a network, and of what is to be kept out too little would
/// be.
std::optional<Edit> correct_bare_address(const Fields& fields, const Version& /*version*/) {
  const std::string* word = word_at(fields, 3);
  const std::string* method = word_at(fields, 4);
  if (method == nullptr || base::lower(*method) == "reject") return std::nullopt;
  if (word == nullptr || word->find('/') != std::string::npos) return std::nullopt;
  const hba::NumericAddress read = hba::read_address(*word);
  if (read.state != hba::NumericAddress::State::address) return std::nullopt;
  if (*word != hba::to_string(read.address)) return std::nullopt;  // 10.1 is 10.0.0.1
  if (word->ends_with(".0") || word->ends_with("::")) return std::nullopt;
  return Edit{3, *word + "/" + std::to_string(hba::bits_of(read.address.family))};
}

std::optional<Edit> correct_host_bits(const Fields& fields, const Version& /*version*/) {
  const std::string* word = word_at(fields, 3);
  if (word == nullptr) return std::nullopt;
  const std::size_t slash = word->find('/');
  const hba::NumericAddress read = hba::read_address(word->substr(0, slash));
  if (read.state != hba::NumericAddress::State::address) return std::nullopt;
  std::optional<hba::Address> mask;
  if (slash != std::string::npos) {
    mask = hba::mask_of_length(word->substr(slash + 1), read.address.family);
  } else if (const std::string* text = word_at(fields, 4)) {
    const hba::NumericAddress second = hba::read_address(*text);
    if (second.state == hba::NumericAddress::State::address) mask = second.address;
  }
  if (!mask || mask->family != read.address.family) return std::nullopt;
  hba::Address network = read.address;
  for (std::size_t i = 0; i < network.bytes.size(); ++i) network.bytes[i] &= mask->bytes[i];
  return Edit{3, hba::to_string(network) + (slash == std::string::npos ? "" : word->substr(slash))};
}

/// The last one holds. Of ldap's not: an option behind ldapurl overwrites parts of it.
std::optional<Edit> correct_duplicate(const Fields& fields, const Version& /*version*/) {
  std::map<std::string, std::size_t, std::less<>> first;
  for (std::size_t i = 4; i < fields.size(); ++i) {
    const std::string* word = word_at(fields, i);
    if (word == nullptr || word->starts_with("ldap")) continue;
    const std::size_t equals = word->find('=');
    if (equals == std::string::npos) continue;
    const auto [known, added] = first.try_emplace(word->substr(0, equals), i);
    if (!added) return Edit{known->second, ""};
  }
  return std::nullopt;
}

struct Remedy {
  std::string_view code;
  std::optional<Edit> (*edit)(const Fields&, const Version&);  ///< null: not of one field
};

constexpr std::array<Remedy, 8> remedies = {{
    {"hba.byte-order-mark", nullptr},
    {"hba.unknown-type", correct_type},
    {"hba.unknown-method", correct_method},
    {"hba.clientcert-value", correct_clientcert},
    {"hba.bare-address", correct_bare_address},
    {"hba.host-bits", correct_host_bits},
    {"hba.duplicate-option", correct_duplicate},
    {"hba.redundant", nullptr},
}};

// ---- the file
// ------------------------------------------------------------------------------------

/// A piece of the text that is replaced.
struct Piece {
  std::size_t begin = 0;
  std::size_t end = 0;
  int line = 0;
  std::string code;
  std::string text;
};

class Fixer {
 public:
  explicit Fixer(const Subject& subject) : subject_(subject), text_(subject.text) {}

  /// Lines keep their numbers until the last step, which takes some out.
  Fixed run() {
    Report report = lint_now();
    for (int round = 0; round < most_rounds && replace(pieces(report)); ++round)
      report = lint_now();
    std::string reworded = text_;
    if (report.rules.accepted != std::optional(false) &&
        replace(redundant(by_no_membership(report))))
      report = lint_now();
    Fixed fixed{std::move(text_), std::move(reworded), {}, std::move(report)};
    for (auto& [line, correction] : corrections_)
      fixed.corrections.push_back(std::move(correction));
    return fixed;
  }

 private:
  /// What holds whoever is a member of what.
  base::Findings by_no_membership(const Report& report) {
    return subject_.roles.known() ? lint_now(unknown_).findings : report.findings;
  }

  Report lint_now() { return lint_now(subject_.roles); }
  Report lint_now(const admission::Roles& roles) {
    return lint({subject_.file, text_, subject_.version, subject_.traits, subject_.sources, roles,
                 subject_.ident_file, subject_.idents, subject_.server});
  }

  std::map<int, hba::Line> lines_now() const {
    std::map<int, hba::Line> lines;
    for (hba::Line& line :
         hba::tokenize(subject_.file, text_, subject_.version, subject_.sources).lines)
      if (line.file == subject_.file) lines.emplace(line.number, std::move(line));
    return lines;
  }

  /// At most one for each line: what else it lacks comes with the next round.
  std::vector<Piece> pieces(const Report& report) const {
    std::vector<Piece> found;
    if (text_.starts_with(byte_order_mark)) {
      const std::size_t end = std::min(text_.find('\n'), text_.size() - 1) + 1;
      return {{0, end, 1, "hba.byte-order-mark",
               text_.substr(byte_order_mark.size(), end - byte_order_mark.size())}};
    }
    const std::map<int, hba::Line> lines = lines_now();
    std::set<int> taken;
    for (const base::Finding& finding : report.findings) {
      const auto remedy = std::find_if(remedies.begin(), remedies.end(), [&](const Remedy& each) {
        return each.code == finding.code;
      });
      if (remedy == remedies.end() || remedy->edit == nullptr || finding.file != subject_.file)
        continue;
      const auto line = lines.find(finding.line);
      if (line == lines.end() || taken.contains(finding.line)) continue;
      const auto [begin, end] = std::pair(line->second.begin, line->second.end);
      const auto edit = remedy->edit(line->second.fields, subject_.version);
      if (!edit) continue;
      auto text =
          edited(std::string_view(text_).substr(begin, end - begin), *edit, subject_.version);
      if (!text) continue;
      taken.insert(finding.line);
      found.push_back({begin, end, finding.line, finding.code, std::move(*text)});
    }
    return found;
  }

  std::vector<Piece> redundant(const base::Findings& findings) const {
    const std::map<int, hba::Line> lines = lines_now();
    std::vector<Piece> found;
    for (const base::Finding& finding : findings) {
      const auto line = lines.find(finding.line);
      if (finding.code == "hba.redundant" && finding.file == subject_.file && line != lines.end())
        found.push_back({line->second.begin, line->second.end, finding.line, finding.code, ""});
    }
    return found;
  }

  /// False where there is nothing to replace.
  bool replace(std::vector<Piece> found) {
    std::sort(found.begin(), found.end(),
              [](const Piece& one, const Piece& other) { return one.begin < other.begin; });
    std::string text;
    std::size_t copied = 0;
    for (Piece& piece : found) {
      const std::string before = text_.substr(piece.begin, piece.end - piece.begin);
      text.append(text_, copied, piece.begin - copied).append(piece.text);
      copied = piece.end;
      Correction& made = corrections_[piece.line];
      made.line = piece.line;
      // What came before may be about the first of several lines that belong together.
      if (made.codes.empty())
        made.before = before;
      else if (made.after.size() < before.size())
        made.before += before.substr(made.after.size());
      made.codes.push_back(std::move(piece.code));
      made.after = std::move(piece.text);
    }
    text.append(text_, copied);
    text_ = std::move(text);
    return !found.empty();
  }

  const Subject& subject_;
  const admission::Roles unknown_;  ///< memberships change, and no file with them
  std::string text_;
  std::map<int, Correction> corrections_;
};

}  // namespace

Fixed fix(const Subject& subject) { return Fixer(subject).run(); }

bool has_safe_remedy(std::string_view code) {
  return std::any_of(remedies.begin(), remedies.end(),
                     [&](const Remedy& each) { return each.code == code; });
}

}  // namespace hba_lint
