// SPDX-License-Identifier: PostgreSQL
// init: a pgseal.toml to begin with, from samples or from what a running server shows.
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <limits.h>
#include <unistd.h>

#include "base/fd.h"
#include "base/text.h"
#include "cli/commands.h"
#include "cli/json.h"
#include "configuration/checks.h"
#include "configuration/environment_toml.h"
#include "configuration/template.h"
#include "host/addresses.h"
#include "survey/ask.h"
#include "survey/resolve.h"

namespace cli {
namespace {

using base::Code;
using base::Result;

constexpr std::chrono::milliseconds names_limit{5000};

Result<void> check_name(const std::string& name) {
  const auto objection = configuration::check_environment_name(name);
  if (!objection) return {};
  return base::error(Code::usage, fmt::format("--name \"{}\" {}", base::printable_line(name),
                                              objection->problem))
      .with_hint(objection->hint);
}

/// A connection string in the place of FILE may have a password, so it is not repeated.
Result<void> check_file(const std::string& path) {
  if (!path.starts_with("postgres://") && !path.starts_with("postgresql://")) return {};
  return base::error(Code::usage, "a connection string stands where FILE belongs")
      .with_hint("--discover takes it: pgseal init --discover DSN [FILE].");
}

base::Error cannot_create(const std::string& path, int why) {
  return base::system_error(Code::file_io, fmt::format("could not create \"{}\"", path), why)
      .with_hint(why == EEXIST ? "pgseal init overwrites nothing." : "");
}

Result<void> write_new(const std::string& path, const std::string& text) {
  const base::Fd file(::open(path.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644));
  if (!file.open()) return cannot_create(path, errno);
  auto written = base::write_all(file.get(), text);
  if (!written) ::unlink(path.c_str());  // half of a configuration is none
  return written;
}

// ---- --discover ------------------------------------------------------------------------------

Result<survey::Draft> discovered(const survey::Cluster& cluster) {
  survey::Surroundings surroundings;
  surroundings.addresses = host::own_addresses();
  std::vector<std::string> addresses = survey::addresses_of(cluster);
  addresses.insert(addresses.end(), surroundings.addresses.begin(), surroundings.addresses.end());
  surroundings.names = TRY(survey::names_of(addresses, names_limit));
  char name[HOST_NAME_MAX + 1] = {};
  if (::gethostname(name, HOST_NAME_MAX) == 0) surroundings.host_name = name;
  return survey::draft(cluster, surroundings);
}

/// What is written must be read: a file that pgseal itself refuses would be no beginning.
Result<void> check_readable(const std::string& text, const std::string& path) {
  const auto loaded = configuration::parse_environment(text, path);
  if (!loaded.error) return {};
  return base::error(Code::internal, "what the server showed makes no pgseal.toml")
      .with_detail(loaded.error->message);
}

Result<int> init_discovered(Shell& shell, const std::string& path) {
  const survey::Dsn dsn{*shell.options.discover, "--discover"};
  TRY(survey::check_dsn(dsn));
  if (::access(path.c_str(), F_OK) == 0) return cannot_create(path, EEXIST);
  const survey::Cluster cluster = TRY(survey::ask(dsn));
  const survey::Draft draft = TRY(discovered(cluster));
  const std::string& name =
      shell.options.environment.empty() ? draft.environment : shell.options.environment;
  const std::string text = survey::text_of(draft, name, cluster, shell.outside.now());
  TRY(check_readable(text, path));
  TRY(write_new(path, text));
  if (shell.options.json)
    shell.speech.result(json_of_init(path, &draft));
  else
    shell.speech.result(text_of(draft.findings, shell.speech.ink()));
  shell.speech.say(fmt::format("wrote \"{}\", {} and {}: check each link, then pgseal plan", path,
                               count(draft.hosts.size(), "host", "hosts"),
                               count(draft.identities.size(), "identity", "identities")));
  return base::any_problem(draft.findings) ? 1 : 0;
}

}  // namespace

Result<int> init_command(Shell& shell) {
  const std::string path = shell.options.file.empty() ? "pgseal.toml" : shell.options.file;
  TRY(check_file(path));
  if (!shell.options.environment.empty()) TRY(check_name(shell.options.environment));
  if (shell.options.discover) return init_discovered(shell, path);
  const std::string name = shell.options.environment.empty() ? "shop" : shell.options.environment;
  TRY(write_new(path, configuration::environment_template(name)));
  if (shell.options.json) shell.speech.result(json_of_init(path, nullptr));
  shell.speech.say(
      fmt::format("wrote \"{}\": edit its hosts and identities, then pgseal plan", path));
  return 0;
}

}  // namespace cli
