// SPDX-License-Identifier: PostgreSQL
#include "audit/sources.h"

#include <fmt/format.h>

#include <set>

#include "audit/catalogue.h"
#include "base/text.h"

namespace audit {
namespace {

using fleet::SourceFacts;
using settings::ApplicationConnection;

std::set<std::string> names_of_servers(const fleet::Environment& environment) {
  std::set<std::string> names;
  for (const fleet::Host& host : environment.hosts)
    if (host.database)
      for (const std::string& name : environment.certificate_names(host))
        names.insert(base::lower(name));
  return names;
}

/// The first host of the list that no certificate of the environment names, "" if there is none.
std::string stranger(const std::set<std::string>& names, const std::string& hosts) {
  for (const std::string_view host : base::split(hosts, ','))
    if (!names.contains(base::lower(base::trim(host)))) return std::string(base::trim(host));
  return "";
}

bool over_socket(const ApplicationConnection& connection) {
  return connection.host.empty() || connection.host.front() == '/' ||
         connection.host.front() == '@';
}

/// What is to be said of one connection, code "" if nothing.
base::Finding judge(const std::set<std::string>& names, const ApplicationConnection& connection) {
  if (over_socket(connection))
    return finding("source.socket", "goes over a socket, which has no TLS");
  const std::string other = stranger(names, connection.host);
  if (!other.empty()) {
    base::Finding found =
        finding("source.elsewhere",
                fmt::format("names \"{}\", which no certificate of this environment names", other));
    found.hint = "Add it to the host's names or to service_names if it is a server of these.";
    return found;
  }
  const std::string mode = sslmode_of(connection);
  if (mode == "verify-full") return {};
  base::Finding found = finding(
      "source.sslmode", fmt::format("has sslmode={}{}", mode,
                                    connection.sslmode.empty() ? ", as none is written" : ""));
  found.hint = "Write sslmode=verify-full: the certificates for it are in place.";
  return found;
}

void place(base::Finding& found, const std::string& host, const SourceFacts& source) {
  found.host = host;
  found.file = source.path;
}

void judge_source(const std::set<std::string>& names, const std::string& host,
                  const SourceFacts& source, base::Findings& findings) {
  const std::string whose = fmt::format("settings of \"{}\"", source.identity);
  if (!source.problem.empty() || source.connections.empty()) {
    base::Finding found =
        finding("source.unreadable",
                fmt::format("{}: {}", whose,
                            source.problem.empty() ? "no PostgreSQL connection is in them"
                                                   : source.problem));
    place(found, host, source);
    findings.push_back(std::move(found));
    return;
  }
  for (const ApplicationConnection& connection : source.connections) {
    base::Finding found = judge(names, connection);
    if (found.code.empty()) continue;
    found.message = fmt::format("{}{}{} {}", whose, connection.where.empty() ? "" : ", ",
                                connection.where, found.message);
    place(found, host, source);
    findings.push_back(std::move(found));
  }
}

}  // namespace

std::string sslmode_of(const ApplicationConnection& connection) {
  return connection.sslmode.empty() ? "prefer" : connection.sslmode;
}

base::Findings source_findings(const fleet::Environment& environment, const std::string& host,
                               const std::vector<SourceFacts>& sources) {
  base::Findings findings;
  if (sources.empty()) return findings;
  const std::set<std::string> names = names_of_servers(environment);
  for (const SourceFacts& source : sources) judge_source(names, host, source, findings);
  return findings;
}

}  // namespace audit
