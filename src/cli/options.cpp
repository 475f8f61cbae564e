// SPDX-License-Identifier: PostgreSQL
#include "cli/options.h"

#include <CLI/CLI.hpp>

#include "base/text.h"

namespace cli {
namespace {

using Register = void (*)(CLI::App&, Options&);

void on_hosts(CLI::App& app, Options& options) {
  app.add_option("--host", options.hosts, "only hosts whose name matches this shell pattern")
      ->type_name("PATTERN");
}

void on_apply(CLI::App& app, Options& options) {
  on_hosts(app, options);
  app.add_flag("--yes", options.yes, "ask no question");
  app.add_option("--reason", options.reason, "why, for the log")->type_name("TEXT");
  app.add_flag("--replace", options.replace,
               "archive foreign pairs that stand in the way and put ours there");
  app.add_flag("--take-over", options.take_over, "accept the mark of another ledger");
}

void on_plan(CLI::App& app, Options& options) {
  on_hosts(app, options);
  app.add_flag("--replace", options.replace, "as apply --replace would");
  app.add_flag("--take-over", options.take_over, "as apply --take-over would");
}

void on_init(CLI::App& app, Options& options) {
  app.add_option("--name", options.environment, "the environment's name")->type_name("NAME");
  app.add_option("FILE", options.file, "where to write (default: pgseal.toml)");
}

void on_status(CLI::App& app, Options& options) {
  app.add_flag("--offline", options.offline, "from the ledger alone; no host is asked");
  app.add_option("--format", options.format, "text or nagios")
      ->check(CLI::IsMember({"text", "nagios"}));
}

void on_log(CLI::App& app, Options& options) {
  app.add_flag("--verify", options.verify, "check the chain of hashes instead");
  app.add_option("--limit", options.limit, "how many of the newest entries; 0: all")
      ->check(CLI::NonNegativeNumber);
}

void on_export(CLI::App& app, Options& options) {
  app.add_option("AUTHORITY", options.authority, "server or client")
      ->required()
      ->check(CLI::IsMember({"server", "client"}));
}

void on_forgive(CLI::App& app, Options& options) {
  app.add_option("HOST", options.name, "the host that owes nothing any more")->required();
  app.add_option("--reason", options.reason, "why, for the log")->required()->type_name("TEXT");
}

void on_demo(CLI::App& app, Options& options) {
  app.add_flag("--keep", options.keep, "leave the environment running and say where it is");
}

void nothing(CLI::App&, Options&) {}

struct DeclaredCommand {
  std::string_view group;  ///< "" for a command of one word
  std::string_view name;
  std::string_view does;
  Register options;
};

constexpr DeclaredCommand declared[] = {
    {"", "init", "write a commented pgseal.toml", on_init},
    {"", "plan", "observe every host and print what apply would do; changes nothing", on_plan},
    {"", "apply", "carry the plan out; safe to repeat, safe to interrupt", on_apply},
    {"", "verify", "prove TLS host by host and identity by identity; changes nothing", nothing},
    {"", "status", "one screen: hosts, certificates, TLS, debts", on_status},
    {"user", "list", "identities and where they live", nothing},
    {"host", "list", "hosts, how they are reached, what they hold", nothing},
    {"debt", "list", "what is owed to which host since when", nothing},
    {"debt", "forgive", "drop a host's debt; logged with its reason", on_forgive},
    {"ca", "show", "the two authorities", nothing},
    {"ca", "export", "an authority's certificate, PEM", on_export},
    {"", "log", "who did what", on_log},
    {"", "demo", "a throw-away environment on this machine, from plaintext to proven TLS", on_demo},
};

std::string_view group_does(std::string_view group) {
  if (group == "user") return "identities";
  if (group == "host") return "hosts";
  if (group == "debt") return "what hosts are owed";
  return "the authorities";
}

CLI::App* group_of(CLI::App& app, std::string_view group) {
  if (group.empty()) return &app;
  for (CLI::App* known : app.get_subcommands([](CLI::App*) { return true; }))
    if (known->get_name() == group) return known;
  CLI::App* made = app.add_subcommand(std::string(group), std::string(group_does(group)));
  made->require_subcommand(1);
  return made;
}

void on_everything(CLI::App& app, Options& options) {
  app.add_option("--config", options.configuration,
                 "the configuration (default: $PGSEAL_CONFIG, pgseal.toml here, "
                 "/etc/pgseal/pgseal.toml)")
      ->type_name("FILE");
  app.add_flag("--json", options.json, "one JSON document on standard output");
  app.add_flag("--quiet", options.quiet, "say nothing but results and errors");
  app.add_option_function<std::string>(
         "--color",
         [&options](const std::string& word) {
           options.color = word == "always"  ? Color::always
                           : word == "never" ? Color::never
                                             : Color::automatic;
         },
         "auto, always or never")
      ->check(CLI::IsMember({"auto", "always", "never"}));
  app.set_version_flag("--version", std::string("pgseal ") + PGSEAL_VERSION);
}

void build(CLI::App& app, Options& options) {
  app.fallthrough();
  app.require_subcommand(1);
  on_everything(app, options);
  app.footer(
      "Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,\n"
      "11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,\n"
      "17 refused for safety.");
  for (const DeclaredCommand& row : declared) {
    CLI::App* group = group_of(app, row.group);
    CLI::App* command = group->add_subcommand(std::string(row.name), std::string(row.does));
    command->fallthrough();
    row.options(*command, options);
    const std::string whole = row.group.empty()
                                  ? std::string(row.name)
                                  : std::string(row.group) + " " + std::string(row.name);
    command->callback([&options, whole] { options.command = whole; });
  }
}

/// "did you mean": CLI11 has none. Only for the first word.
std::string nearest_command(const std::vector<std::string>& arguments) {
  std::vector<std::string_view> known;
  for (const DeclaredCommand& row : declared)
    known.push_back(row.group.empty() ? row.name : row.group);
  for (const std::string& word : arguments)
    if (!word.starts_with("-")) return base::nearest(word, known);
  return "";
}

}  // namespace

base::Result<Parsed> parse_options(const std::vector<std::string>& arguments) {
  Parsed parsed;
  CLI::App app("pgseal takes a PostgreSQL environment from plaintext to proven TLS.", "pgseal");
  build(app, parsed.options);
  std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());  // as CLI11 wants them
  try {
    app.parse(reversed);
  } catch (const CLI::Success& asked) {
    std::ostringstream out;
    app.exit(asked, out, out);
    parsed.text = out.str();
  } catch (const CLI::ParseError& wrong) {
    base::Error error = base::error(base::Code::usage, base::printable_line(wrong.what()));
    const std::string near = nearest_command(arguments);
    error.hint = near.empty() ? "pgseal --help lists the commands."
                              : "The nearest command is \"" + near + "\"; pgseal --help lists all.";
    return error;
  }
  return parsed;
}

}  // namespace cli
