// SPDX-License-Identifier: PostgreSQL
// Follows conninfo_parse and conninfo_uri_parse_options of libpq's fe-connect.c.
#include "settings/conninfo.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstddef>
#include <optional>

#include "base/text.h"

namespace settings {
namespace {

bool space(char c) { return c == ' ' || (c >= '\t' && c <= '\r'); }

base::Error malformed(std::string message) {
  return base::error(base::Code::parse, std::move(message));
}

/// keyword = value pairs, from the left.
class Pairs {
 public:
  explicit Pairs(Conninfo& conninfo) : out_(conninfo), text_(conninfo.text) {}

  base::Result<void> run() {
    for (skip(); at_ < text_.size(); skip()) TRY(pair());
    return {};
  }

 private:
  void skip() {
    while (at_ < text_.size() && space(text_[at_])) ++at_;
  }

  base::Result<void> pair() {
    ConninfoItem item;
    item.text.begin = at_;
    while (at_ < text_.size() && text_[at_] != '=' && !space(text_[at_])) ++at_;
    item.keyword = std::string(text_.substr(item.text.begin, at_ - item.text.begin));
    skip();
    if (at_ >= text_.size() || text_[at_] != '=') {
      return malformed("a keyword of the connection string has no \"=\" after it");
    }
    ++at_;
    skip();
    item.value_text.begin = at_;
    TRY(value(item.value));
    item.value_text.end = at_;
    item.text.end = at_;
    out_.items.push_back(std::move(item));
    return {};
  }

  base::Result<void> value(std::string& value) {
    const bool quoted = at_ < text_.size() && text_[at_] == '\'';
    if (quoted) ++at_;
    for (; at_ < text_.size(); ++at_) {
      if (quoted ? text_[at_] == '\'' : space(text_[at_])) break;
      if (text_[at_] == '\\' && ++at_ >= text_.size()) break;
      value += text_[at_];
    }
    if (!quoted) return {};
    if (at_ >= text_.size()) return malformed("a quoted value of the connection string has no end");
    ++at_;
    return {};
  }

  Conninfo& out_;
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string encode(std::string_view plain) {
  constexpr std::string_view bare = "-._~/";
  std::string text;
  for (const char c : plain) {
    const bool keep = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                      bare.find(c) != std::string_view::npos;
    if (keep) {
      text += c;
    } else {
      text += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

/// postgresql://user:password@host:port,host:port/dbname?keyword=value&…
class Uri {
 public:
  explicit Uri(Conninfo& conninfo) : out_(conninfo), text_(conninfo.text) {}

  base::Result<void> run() {
    at_ = text_.find("://") + 3;
    TRY(userinfo());
    TRY(hosts());
    if (peek() == '/') {
      const std::size_t begin = ++at_;
      to("?");
      TRY(part("dbname", begin));
    }
    while (peek() == '?' || peek() == '&') {
      ++at_;
      if (at_ < text_.size()) TRY(parameter());
    }
    if (at_ < text_.size()) return malformed("the connection URI has an unexpected character");
    return {};
  }

 private:
  [[nodiscard]] char peek() const { return at_ < text_.size() ? text_[at_] : '\0'; }
  void to(std::string_view stops) { at_ = std::min(text_.find_first_of(stops, at_), text_.size()); }

  /// The bytes from `begin` to here as a value; an empty one is as good as not given.
  base::Result<void> part(std::string_view keyword, std::size_t begin) {
    if (begin == at_) return {};
    const auto value = base::percent_decoded(text_.substr(begin, at_ - begin));
    if (!value) return malformed("the connection URI has an invalid percent-encoded byte");
    out_.items.push_back({std::string(keyword), *value, {begin, at_}, {begin, at_}});
    return {};
  }

  base::Result<void> userinfo() {
    const std::size_t stop = text_.find_first_of("@/", at_);
    if (stop == std::string_view::npos || text_[stop] != '@') return {};
    const std::size_t user = at_;
    to(":@");
    TRY(part("user", user));
    if (peek() == ':') {
      const std::size_t password = ++at_;
      to("@");
      TRY(part("password", password));
    }
    ++at_;
    return {};
  }

  /// A list of hosts is one item, from the first to the last; so are the ports, kept apart. libpq
  /// collects both lists first and undoes the percent signs then.
  base::Result<void> hosts() {
    ConninfoItem host{"host", "", {at_, at_}, {at_, at_}};
    ConninfoItem port{"port", "", {at_, at_}, {at_, at_}};
    while (true) {
      TRY(host_and_port(host, port));
      if (peek() != ',') break;
      ++at_;
      host.value += ',';
      port.value += ',';
    }
    host.text.end = host.value_text.end = at_;
    port.text.end = port.value_text.end = at_;
    for (ConninfoItem* list : {&host, &port}) {
      const auto plain = base::percent_decoded(list->value);
      if (!plain) return malformed("the connection URI has an invalid percent-encoded byte");
      list->value = *plain;
      if (!plain->empty()) out_.items.push_back(std::move(*list));
    }
    return {};
  }

  base::Result<void> host_and_port(ConninfoItem& host, ConninfoItem& port) {
    std::size_t begin = at_;
    if (peek() == '[') {
      begin = ++at_;
      to("]");
      if (peek() != ']' || begin == at_)
        return malformed("the connection URI's IPv6 address has no end");
      host.value += text_.substr(begin, at_ - begin);
      ++at_;
      if (at_ < text_.size() && std::string_view(":/?,").find(peek()) == std::string_view::npos) {
        return malformed("the connection URI has an unexpected character after an IPv6 address");
      }
    } else {
      to(":/?,");
      host.value += text_.substr(begin, at_ - begin);
    }
    if (peek() == ':') {
      begin = ++at_;
      to("/?,");
      port.value += text_.substr(begin, at_ - begin);
    }
    return {};
  }

  base::Result<void> parameter() {
    ConninfoItem item;
    item.text.begin = at_;
    to("=&");
    const auto keyword =
        base::percent_decoded(text_.substr(item.text.begin, at_ - item.text.begin));
    if (peek() != '=') return malformed("a parameter of the connection URI has no \"=\"");
    item.value_text.begin = ++at_;
    to("=&");
    if (peek() == '=') return malformed("a parameter of the connection URI has a second \"=\"");
    item.value_text.end = at_;
    item.text.end = at_;
    const auto value = base::percent_decoded(
        text_.substr(item.value_text.begin, item.value_text.end - item.value_text.begin));
    if (!keyword || !value)
      return malformed("the connection URI has an invalid percent-encoded byte");
    item.keyword = *keyword;
    item.value = *value;
    out_.items.push_back(std::move(item));
    return {};
  }

  Conninfo& out_;
  std::string_view text_;
  std::size_t at_ = 0;
};

std::string always_quoted(std::string_view value) {
  std::string text = "'";
  for (const char c : value) {
    if (c == '\'' || c == '\\') text += '\\';
    text += c;
  }
  return text + "'";
}

bool before_query(const Conninfo& conninfo, const ConninfoItem& item) {
  return conninfo.uri && item.text == item.value_text;
}

/// Whether what follows a bare value at the end of the text would become a part of it: it is empty,
/// and libpq passes over blanks to find one, or its last backslash escapes nothing yet.
bool reaches_out(std::string_view written) {
  const std::size_t other = written.find_last_not_of('\\');
  const std::size_t backslashes =
      written.size() - (other == std::string_view::npos ? 0 : other + 1);
  return written.empty() || (written.front() != '\'' && backslashes % 2 != 0);
}

/// The pairs so that another one can follow them.
std::string ready_for_a_pair(const Conninfo& conninfo) {
  const std::string& text = conninfo.text;
  if (conninfo.items.empty()) return text;
  const ConninfoItem& last = conninfo.items.back();
  if (last.text.end < text.size()) return text;  // a blank, which no backslash made its own
  const std::string_view written = std::string_view(text).substr(last.value_text.begin);
  if (!reaches_out(written)) return text + " ";
  return text.substr(0, last.value_text.begin) + always_quoted(last.value) + " ";
}

std::string appended(const Conninfo& conninfo, std::string_view keyword, std::string_view value) {
  const std::string& text = conninfo.text;
  if (conninfo.uri) {
    std::size_t authority = 0;  // a password may hold a "?" of its own
    for (const ConninfoItem& item : conninfo.items) {
      if (before_query(conninfo, item)) authority = std::max(authority, item.text.end);
    }
    const std::size_t query = text.find('?', authority);
    const bool has_query = query != std::string::npos;
    const bool open = has_query && (query + 1 == text.size() || text.back() == '&');
    const char* between = open ? "" : has_query ? "&" : "?";
    return fmt::format("{}{}{}={}", text, between, encode(keyword), encode(value));
  }
  return fmt::format("{}{}={}", ready_for_a_pair(conninfo), keyword, conninfo_quoted(value));
}

/// libpq takes a URI's first "@" for the end of the credentials unless a "/" stands before it, be
/// it far into the parameters: a value without its slash could turn a host into a user.
base::Result<std::string> read_as_before(const Conninfo& before, std::string_view keyword,
                                         std::string_view value, std::string uri) {
  const auto after = parse_conninfo(uri);
  const auto has = [&after](std::string_view name, std::string_view expected) {
    const ConninfoItem* now = after ? after->find(name) : nullptr;
    return now != nullptr && now->value == expected;
  };
  const bool same =
      has(keyword, value) &&
      std::all_of(before.items.begin(), before.items.end(), [&](const ConninfoItem& item) {
        return item.keyword == keyword || has(item.keyword, before.find(item.keyword)->value);
      });
  if (same) return uri;
  return malformed(
      fmt::format("\"{}\" cannot be set in the connection URI: an \"@\" in its parameters would "
                  "then end a user name; write it as %40",
                  base::printable_line(keyword)));
}

}  // namespace

const ConninfoItem* Conninfo::find(std::string_view keyword) const {
  for (auto it = items.rbegin(); it != items.rend(); ++it) {
    if (it->keyword == keyword) return &*it;
  }
  return nullptr;
}

base::Result<Conninfo> parse_conninfo(std::string_view text) {
  if (text.find('\0') != std::string_view::npos) {
    return malformed("the connection string holds a NUL byte");
  }
  Conninfo conninfo;
  conninfo.text = std::string(text);
  conninfo.uri = text.starts_with("postgresql://") || text.starts_with("postgres://");
  if (conninfo.uri) {
    TRY(Uri(conninfo).run());
  } else {
    TRY(Pairs(conninfo).run());
  }
  return conninfo;
}

base::Result<std::string> with_keyword(const Conninfo& conninfo, std::string_view keyword,
                                       std::string_view value) {
  if (value.find('\0') != std::string_view::npos) {
    return malformed("a value of a connection string cannot hold a NUL byte");
  }
  const ConninfoItem* item = conninfo.find(keyword);
  if (item == nullptr) {
    std::string text = appended(conninfo, keyword, value);
    if (!conninfo.uri) return text;
    return read_as_before(conninfo, keyword, value, std::move(text));
  }
  if (item->value == value) return conninfo.text;
  if (before_query(conninfo, *item)) {
    return malformed(
        fmt::format("\"{}\" stands in the connection URI's authority or path and is not "
                    "rewritten there",
                    base::printable_line(keyword)));
  }
  const std::size_t begin = item->value_text.begin;
  const std::size_t end = item->value_text.end;
  // After a quoted value the next keyword needs no blank; after a bare one it does.
  const bool glued = end < conninfo.text.size() && !space(conninfo.text[end]);
  const std::string head = conninfo.text.substr(0, begin);
  const std::string tail = conninfo.text.substr(end);
  if (conninfo.uri) return read_as_before(conninfo, keyword, value, head + encode(value) + tail);
  return head + (glued ? always_quoted(value) : conninfo_quoted(value)) + tail;
}

std::string conninfo_quoted(std::string_view value) {
  const bool bare = !value.empty() && std::none_of(value.begin(), value.end(), [](char c) {
    return space(c) || c == '\'' || c == '\\' || c == '=';
  });
  return bare ? std::string(value) : always_quoted(value);
}

}  // namespace settings
