// SPDX-License-Identifier: PostgreSQL
#include "admission/connection.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/text.h"

namespace admission {
namespace {

using base::Result;

base::Error wrong(std::string message, std::string hint = {}) {
  auto made = base::error(base::Code::usage, std::move(message));
  if (hint.empty())
    hint = "A connection is written as \"user=app,database=shop,address=10.0.0.7,tls=on\".";
  return std::move(made).with_hint(std::move(hint));
}

constexpr std::string_view keys[] = {"type",     "tls",     "gss",         "user",
                                     "database", "address", "replication", "certificate"};

/// A value from `at` on, which is moved behind the comma that ends it.
Result<std::string> next_value(std::string_view text, std::size_t& at) {
  std::string value;
  if (at < text.size() && text[at] == '"') {
    for (++at;; ++at) {
      if (at >= text.size()) return wrong("the quote of a value is not closed");
      if (text[at] == '"' && (at + 1 == text.size() || text[at + 1] != '"')) break;
      if (text[at] == '"') ++at;
      value += text[at];
    }
    ++at;
    if (at < text.size() && text[at] != ',') return wrong("no comma follows a value in quotes");
  } else {
    while (at < text.size() && text[at] != ',') value += text[at++];
  }
  if (at < text.size()) ++at;
  return value;
}

using Pairs = std::map<std::string, std::string, std::less<>>;

Result<Pairs> pairs_of(std::string_view text) {
  Pairs pairs;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t equals = text.find('=', at);
    const std::string key(text.substr(at, equals == std::string_view::npos ? equals : equals - at));
    if (equals == std::string_view::npos)
      return wrong(fmt::format("\"{}\" is no key=value", base::printable_line(key)));
    if (std::find(std::begin(keys), std::end(keys), key) == std::end(keys))
      return wrong(fmt::format("a connection has no \"{}\"", base::printable_line(key)),
                   fmt::format("It has: {}.", fmt::join(keys, ", ")));
    at = equals + 1;
    std::string value = TRY(next_value(text, at));
    if (!pairs.emplace(key, std::move(value)).second)
      return wrong(fmt::format("\"{}\" is given twice", key));
  }
  return pairs;
}

class Reader {
 public:
  explicit Reader(Pairs pairs) : pairs_(std::move(pairs)) {}

  Result<Connection> read() {
    Connection made;
    made.user = text("user");
    if (made.user.empty()) return wrong("a connection needs user=NAME");
    made.database = pairs_.contains("database") ? text("database") : made.user;
    made.physical_replication = TRY(flag("replication"));
    TRY(read_address(made));
    TRY(read_transport(made));
    TRY(read_certificate(made));
    return made;
  }

 private:
  [[nodiscard]] std::string text(std::string_view key) const {
    const auto found = pairs_.find(key);
    return found == pairs_.end() ? std::string() : found->second;
  }

  [[nodiscard]] Result<bool> flag(std::string_view key) const {
    const std::string value = text(key);
    if (value.empty() || value == "off") return false;
    if (value == "on") return true;
    return wrong(fmt::format("{}=\"{}\" is neither on nor off", key, base::printable_line(value)));
  }

  Result<void> read_address(Connection& made) const {
    if (!pairs_.contains("address")) return {};
    const std::string value = text("address");
    const hba::NumericAddress read = hba::read_address(value);
    if (read.state != hba::NumericAddress::State::address)
      return wrong(fmt::format("\"{}\" is no address", base::printable_line(value)),
                   "A connection comes from an IPv4 or IPv6 address, never from a host's name.");
    made.address = read.address;
    return {};
  }

  Result<void> read_transport(Connection& made) const {
    const std::string type = text("type");
    const bool host = type.empty() ? made.address.has_value() : type == "host";
    if (!host && !type.empty() && type != "local")
      return wrong(
          fmt::format("type=\"{}\" is neither local nor host", base::printable_line(type)));
    const bool tls = TRY(flag("tls"));
    const bool gss = TRY(flag("gss"));
    if (host && !made.address) return wrong("a connection of type host needs address=ADDRESS");
    if (!host && (made.address || tls || gss))
      return wrong("a local connection has no address and no encryption");
    if (tls && gss) return wrong("a connection is encrypted by TLS or by GSS, not by both");
    made.transport = !host ? Transport::local
                     : tls ? Transport::tls
                     : gss ? Transport::gss
                           : Transport::plain;
    return {};
  }

  Result<void> read_certificate(Connection& made) const {
    const std::string value = text("certificate");
    if (value.empty() || value == "none") return {};
    if (made.transport != Transport::tls)
      return wrong("a certificate is shown over TLS only", "Give tls=on as well.");
    made.certificate = value;
    return {};
  }

  Pairs pairs_;
};

std::string quoted(const std::string& value) {
  if (!value.empty() && value.find_first_of(",\"") == std::string::npos) return value;
  std::string made = "\"";
  for (const char c : value) made += c == '"' ? std::string("\"\"") : std::string(1, c);
  return made + '"';
}

}  // namespace

Result<Connection> parse_connection(std::string_view text) {
  return Reader(TRY(pairs_of(text))).read();
}

std::string to_string(const Connection& connection) {
  std::string made = connection.transport == Transport::local ? "type=local" : "type=host";
  if (connection.transport == Transport::tls) made += ",tls=on";
  if (connection.transport == Transport::gss) made += ",gss=on";
  made += ",user=" + quoted(connection.user) + ",database=" + quoted(connection.database);
  if (connection.address) made += ",address=" + hba::to_string(*connection.address);
  if (connection.physical_replication) made += ",replication=on";
  if (connection.certificate) made += ",certificate=" + quoted(*connection.certificate);
  return made;
}

}  // namespace admission
