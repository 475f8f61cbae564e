// SPDX-License-Identifier: PostgreSQL
// A draft as pgseal.toml: guesses are marked where they stand, foreign text in remarks is harmless.
#include <fmt/format.h>

#include <iterator>

#include "base/text.h"
#include "configuration/template.h"
#include "survey/draft.h"

namespace survey {
namespace {

using configuration::toml_string;
using Out = std::back_insert_iterator<std::string>;

std::string array(const std::vector<std::string>& items) {
  std::string text = "[";
  for (const std::string& item : items) text += (text.size() > 1 ? ", " : "") + toml_string(item);
  return text + "]";
}

void write_remarks(Out out, const std::vector<std::string>& remarks) {
  for (const std::string& line : remarks) fmt::format_to(out, "# {}\n", base::printable_line(line));
}

void write_host(Out out, const HostDraft& draft) {
  const fleet::Host& host = draft.host;
  fmt::format_to(out, "\n");
  write_remarks(out, draft.remarks);
  fmt::format_to(out, "[[host]]\nname = {}\nlink = {}  # a guess: check it\n",
                 toml_string(host.name), toml_string(host.link));
  if (!host.address.empty()) fmt::format_to(out, "address = {}\n", toml_string(host.address));
  if (!host.names.empty()) fmt::format_to(out, "names = {}\n", array(host.names));
  if (host.database) fmt::format_to(out, "database = true\n");
  if (host.port) fmt::format_to(out, "port = {}\n", *host.port);
  if (!host.data_directory.empty())
    fmt::format_to(out, "# data_directory = {}  # where several are found\n",
                   toml_string(host.data_directory));
}

void write_identity(Out out, const IdentityDraft& draft) {
  const fleet::Identity& identity = draft.identity;
  fmt::format_to(out, "\n");
  write_remarks(out, draft.remarks);
  fmt::format_to(out, "[[identity]]\nname = {}\nkind = {}\nhosts = {}\nos_users = {}\n",
                 toml_string(identity.name), toml_string(to_string(identity.kind)),
                 array(identity.hosts), array(identity.os_users));
  if (!identity.databases.empty())
    fmt::format_to(out, "databases = {}\n", array(identity.databases));
}

}  // namespace

std::string text_of(const Draft& draft, std::string_view name, const Cluster& cluster,
                    base::Time at) {
  std::string text = configuration::environment_head(name);
  const Out out = std::back_inserter(text);
  fmt::format_to(
      out,
      "# What follows was seen by pgseal init --discover on {}, in pg_stat_replication\n"
      "# and pg_stat_activity of a server of PostgreSQL {}. Every link is a guess, and\n"
      "# so is the environment's name unless --name gave it. Who was not connected then is\n"
      "# not here, nor are standbys of standbys.\n",
      base::format_date(at), base::printable_line(cluster.version));
  for (const HostDraft& host : draft.hosts) write_host(out, host);
  fmt::format_to(out, "\n# Every role that shall have a certificate, and who holds it.\n");
  for (const IdentityDraft& identity : draft.identities) write_identity(out, identity);
  if (!draft.left_out.empty()) {
    fmt::format_to(out, "\n# Seen, and not declared:\n");
    for (const std::string& line : draft.left_out)
      fmt::format_to(out, "# * {}\n", base::printable_line(line));
  }
  fmt::format_to(out, "\n");
  return text + configuration::environment_tail();
}

}  // namespace survey
