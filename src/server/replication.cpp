// SPDX-License-Identifier: PostgreSQL
#include "server/replication.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "settings/configuration_file.h"
#include "settings/conninfo.h"
#include "x509/digest.h"

namespace server {
namespace {

using base::Code;
using base::Result;

constexpr std::string_view setting = "primary_conninfo";
constexpr std::array<std::string_view, 4> tls_keywords = {"sslmode", "sslrootcert", "sslcert",
                                                          "sslkey"};

std::string value_of(const settings::Conninfo& conninfo, std::string_view keyword) {
  const settings::ConninfoItem* item = conninfo.find(keyword);
  return item == nullptr ? std::string() : item->value;
}

base::Error unusable(std::string message) {
  return base::error(Code::server_replication, std::move(message))
      .with_hint("Write primary_conninfo into a configuration file as one valid string.");
}

Result<settings::Assignment> assignment_of(const ServerView& view) {
  const ViewedFile& file = view.replication.file;
  if (file.path.empty()) return unusable("primary_conninfo stands in no file");
  if (!file.problem.empty())
    return unusable(fmt::format("could not read \"{}\": {}", file.path, file.problem));
  const settings::ConfigurationFile parsed = settings::parse(file.text, file.path);
  const settings::Assignment* found = parsed.effective(setting);
  if (found == nullptr)
    return unusable(fmt::format("\"{}\" does not set primary_conninfo", file.path));
  return *found;
}

/// Before 12 the server reads recovery.conf once and shows none of it.
bool loaded(const ServerView& view, const std::string& written) {
  if (view.major() >= 12) return view.replication.running == written;
  return view.replication.receiver.status.empty() ||
         streams_with(view.replication.receiver, written);
}

/// Whether the receiver's view of its string holds that value. The server writes it without quotes
/// (libpqrcv_get_conninfo), so another keyword's blank or quote makes it no string to be parsed.
bool shows(const std::string& conninfo, std::string_view keyword, const std::string& value) {
  const std::string spaced = " " + conninfo + " ";
  if (value.empty()) return spaced.find(fmt::format(" {}=", keyword)) == spaced.npos;
  return spaced.find(fmt::format(" {}={} ", keyword, value)) != spaced.npos;
}

}  // namespace

bool streams_with(const ReceiverView& receiver, const std::string& conninfo) {
  if (receiver.status != "streaming") return false;
  const auto wanted = settings::parse_conninfo(conninfo);
  if (!wanted) return false;
  return std::all_of(tls_keywords.begin(), tls_keywords.end(), [&](std::string_view keyword) {
    return wanted->find(keyword) == nullptr ||
           shows(receiver.conninfo, keyword, value_of(*wanted, keyword));
  });
}

Result<std::string> written_conninfo(const ServerView& view) {
  const settings::Assignment found = TRY(assignment_of(view));
  if (const auto parsed = settings::parse_conninfo(found.value); !parsed)
    return unusable(parsed.error().message);
  return found.value;
}

Result<std::string> verifying_conninfo(const std::string& conninfo, const slots::SlotFiles& pair) {
  const std::array<std::string, 4> values = {"verify-full", pair.path_of(pair.trust),
                                             pair.path_of(pair.certificate),
                                             pair.path_of(pair.key)};
  std::string text = conninfo;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const settings::Conninfo parsed = TRY(settings::parse_conninfo(text));
    text = TRY(settings::with_keyword(parsed, tls_keywords[i], values[i]));
  }
  return text;
}

Result<std::string> with_conninfo(const ServerView& view, const std::string& conninfo) {
  const settings::Assignment found = TRY(assignment_of(view));
  const std::string& text = view.replication.file.text;
  return text.substr(0, found.value_text.begin) + settings::quoted(conninfo) +
         text.substr(found.value_text.end);
}

std::optional<fleet::ReplicationFacts> replication_facts(const ServerView& view) {
  const ReplicationView& seen = view.replication;
  if (seen.running.empty() && seen.file.path.empty()) return std::nullopt;
  fleet::ReplicationFacts facts;
  facts.file = seen.file.path;
  facts.line = seen.line;
  facts.receiver = seen.receiver.status;
  facts.slot = seen.slot;
  facts.archive = seen.archive;
  facts.held = seen.held;
  if (seen.file.problem.empty() && !seen.file.path.empty())
    facts.file_sha256 = x509::sha256_hex(seen.file.text);
  const Result<std::string> written = written_conninfo(view);
  if (!written) {
    facts.problem = written.error().message;
    return facts;
  }
  if (written->empty()) return std::nullopt;
  const auto conninfo = settings::parse_conninfo(*written);
  if (!conninfo) return facts;  // written_conninfo has parsed it
  const settings::ConninfoItem* host = conninfo->find("host");
  facts.host = host == nullptr ? value_of(*conninfo, "hostaddr") : host->value;
  facts.port = value_of(*conninfo, "port");
  facts.user = value_of(*conninfo, "user");
  facts.sslmode = value_of(*conninfo, "sslmode");
  facts.sslrootcert = value_of(*conninfo, "sslrootcert");
  facts.sslcert = value_of(*conninfo, "sslcert");
  facts.sslkey = value_of(*conninfo, "sslkey");
  facts.service = value_of(*conninfo, "service");
  facts.password = conninfo->find("password") != nullptr;
  facts.loaded = loaded(view, *written);
  facts.in_use = streams_with(seen.receiver, *written);
  return facts;
}

}  // namespace server
