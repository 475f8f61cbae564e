// SPDX-License-Identifier: PostgreSQL
#include "cli/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>

#include "base/text.h"

namespace cli {
namespace {

using Register = void (*)(CLI::App&, Options&);

/// An option that takes one of a few words. CLI11's own check speaks of sets and braces.
void one_of(CLI::Option* option, const std::vector<std::string>& words) {
  const auto check = [words](std::string& word) {
    if (std::find(words.begin(), words.end(), word) != words.end()) return std::string();
    return fmt::format("\"{}\" is none of {}", word, fmt::join(words, ", "));
  };
  option->type_name(fmt::format("{}", fmt::join(words, "|")))->check(CLI::Validator(check, ""));
}

void whole_number(CLI::Option* option) {
  const auto check = [](std::string& word) {
    const bool digits = word.find_first_not_of("0123456789") == std::string::npos;
    if (digits && !word.empty() && word.size() < 10) return std::string();
    return fmt::format("\"{}\" is no number from 0 to 999999999", word);
  };
  option->type_name("NUMBER")->check(CLI::Validator(check, ""));
}

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
  app.add_option(
         "--discover", options.discover,
         "fill in what a running server shows; a connection string or URI of libpq, without "
         "a password")
      ->type_name("DSN");
  app.add_option("FILE", options.file, "where to write (default: pgseal.toml)");
}

void on_status(CLI::App& app, Options& options) {
  app.add_flag("--offline", options.offline, "from the ledger alone; no host is asked");
  one_of(app.add_option("--format", options.format, "for people or for a monitoring system"),
         {"text", "nagios"});
}

void on_log(CLI::App& app, Options& options) {
  app.add_flag("--verify", options.verify, "check the chain of hashes instead");
  whole_number(app.add_option("--limit", options.limit, "how many of the newest entries; 0: all"));
}

void on_export(CLI::App& app, Options& options) {
  one_of(app.add_option("AUTHORITY", options.authority, "whose certificates it issues")->required(),
         {"server", "client"});
}

void on_forgive(CLI::App& app, Options& options) {
  app.add_option("HOST", options.name, "the host that owes nothing any more")->required();
  app.add_option("--reason", options.reason, "why, for the log")->required()->type_name("TEXT");
}

void on_remove(CLI::App& app, Options& options) {
  app.add_option("HOST", options.name, "a host that is not declared any more")->required();
  app.add_option("--reason", options.reason, "why, for the log")->type_name("TEXT");
}

void on_demo(CLI::App& app, Options& options) {
  app.add_flag("--keep", options.keep, "leave the environment running and say where it is");
}

void on_completion(CLI::App& app, Options& options) {
  one_of(app.add_option("SHELL", options.shell, "whose script to print")->required(),
         {"bash", "zsh", "fish"});
}

void on_version(CLI::App& app, Options& options) {
  app.add_option(
         "--pg", options.server_version,
         "the server's version, 10 to 18, as 15 or 15.4 (default: the server of --dsn, else the "
         "newest known)")
      ->type_name("MAJOR[.MINOR]");
  app.add_option("--dsn", options.dsn,
                 "a server to ask for what FILE does not say; a connection string or URI of libpq, "
                 "without a password")
      ->type_name("DSN");
}

void on_hba(CLI::App& app, Options& options) {
  app.add_option("FILE", options.file, "a pg_hba.conf; -: standard input")->required();
  on_version(app, options);
}

/// What stands beside a file and what it means depends on.
void on_beside(CLI::App& app, Options& options) {
  app.add_option(
         "--roles", options.roles_file,
         "lines \"member group\", all there are: a role it does not name is in no group (default: "
         "those of --dsn)")
      ->type_name("FILE");
  app.add_option("--ident", options.ident_file, "the maps (default: pg_ident.conf beside FILE)")
      ->type_name("FILE");
}

void on_show(CLI::App& app, Options& options) {
  on_hba(app, options);
  app.add_option("--ident", options.ident_file,
                 "the maps, to be shown as pg_ident_file_mappings gives them")
      ->type_name("FILE");
}

void on_judgement(CLI::App& app, Options& options) {
  on_hba(app, options);
  on_beside(app, options);
}

void on_lint(CLI::App& app, Options& options) {
  on_judgement(app, options);
  auto* fix = app.add_flag("--fix", options.fix,
                           "write the remedies that change nobody's way in, after the difference "
                           "was shown; with FILE -, the result goes to standard output");
  app.add_flag("--yes", options.yes, "ask no question")->needs(fix);
}

void on_diff(CLI::App& app, Options& options) {
  app.add_option("OLD", options.file, "a pg_hba.conf; -: standard input")->required();
  app.add_option("NEW", options.new_file, "the one that is to replace it; -: standard input")
      ->required();
  on_version(app, options);
  on_beside(app, options);
}

void on_explain(CLI::App& app, Options& options) {
  on_judgement(app, options);
  app.add_option("--connection", options.connection,
                 "what is asked about, as user=app,database=shop,address=10.0.0.7,tls=on; also "
                 "type=, gss=, replication=, certificate=CN")
      ->type_name("SPEC")
      ->required();
}

void on_prove(CLI::App& app, Options& options) {
  on_judgement(app, options);
  one_of(
      app.add_option("--require", options.require, "what nobody may get past without")->required(),
      {"tls", "certificate"});
  app.add_option("--role", options.roles, "only about this role; may be repeated")
      ->type_name("NAME");
  app.add_option("--database", options.databases, "only about this database; may be repeated")
      ->type_name("NAME");
  app.add_option("--network", options.networks, "only from there, as 10.0.0.0/8; may be repeated")
      ->type_name("CIDR");
  app.add_flag("--include-local", options.include_local, "sockets as well, which have no TLS");
}

void on_server_log(CLI::App& app, Options& options) {
  app.add_option("--log", options.log_file,
                 "a server's log with log_connections = on: stderr, csvlog or jsonlog, in English; "
                 "-: standard input")
      ->type_name("FILE");
  app.add_option("--log-line-prefix", options.log_line_prefix,
                 "of a stderr log, as SHOW log_line_prefix has it (default: recognised)")
      ->type_name("TEXT");
}

void on_replay(CLI::App& app, Options& options) {
  on_judgement(app, options);
  app.add_option(
         "--sessions", options.sessions_file,
         "CSV with a header line: user,database,address and, where known, "
         "tls,gss,certificate,replication,application,count,last_seen, as docs/sessions.sql "
         "asks a server for them; -: standard input (default: those of --dsn)")
      ->type_name("FILE");
  on_server_log(app, options);
}

void on_cidr(CLI::App& app, Options& options) {
  app.add_option("FILE", options.file,
                 "a pg_hba.conf whose rules show where clients come from; -: standard input");
  on_version(app, options);
  on_server_log(app, options);
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
    {"host", "remove", "forget a host, and say what of it stays valid until when", on_remove},
    {"debt", "list", "what is owed to which host since when", nothing},
    {"debt", "forgive", "drop a host's debt; logged with its reason", on_forgive},
    {"ca", "show", "the two authorities", nothing},
    {"ca", "export", "an authority's certificate, PEM", on_export},
    {"hba", "show",
     "the rules of a pg_hba.conf as pg_hba_file_rules gives them; with --ident its maps", on_show},
    {"hba", "lint", "what is wrong with a pg_hba.conf, as the server would judge it", on_lint},
    {"hba", "explain", "which rule of a pg_hba.conf decides a connection, and how", on_explain},
    {"hba", "prove", "whether nobody gets past a pg_hba.conf without TLS", on_prove},
    {"hba", "replay", "who of these sessions a pg_hba.conf would refuse", on_replay},
    {"hba", "diff", "whom a change of pg_hba.conf lets in or locks out", on_diff},
    {"hba", "cidr", "the networks to use in rules, and why", on_cidr},
    {"", "log", "who did what", on_log},
    {"", "demo", "a throw-away environment on this machine, from plaintext to proven TLS", on_demo},
    {"", "completion", "a script that completes pgseal's command lines in a shell", on_completion},
};

std::string_view group_does(std::string_view group) {
  if (group == "user") return "identities";
  if (group == "host") return "hosts";
  if (group == "debt") return "what hosts are owed";
  if (group == "hba") return "what a pg_hba.conf means";
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
  one_of(app.add_option_function<std::string>(
             "--color",
             [&options](const std::string& word) {
               options.color = word == "always"  ? Color::always
                               : word == "never" ? Color::never
                                                 : Color::automatic;
             },
             "auto: on a terminal, unless NO_COLOR is set"),
         {"auto", "always", "never"});
  app.set_version_flag("--version", std::string("pgseal ") + PGSEAL_VERSION);
}

constexpr const char* exit_statuses =
    "Exit status: 0 done, 1 findings or changes pending, 2 usage, 10 configuration,\n"
    "11 ledger, 12 locked, 13 authority, 14 link, 15 protocol, 16 server,\n"
    "17 refused for safety.";

void build(CLI::App& app, Options& options) {
  app.fallthrough();
  app.require_subcommand(1);
  on_everything(app, options);
  app.footer(exit_statuses);
  for (const DeclaredCommand& row : declared) {
    CLI::App* group = group_of(app, row.group);
    CLI::App* command = group->add_subcommand(std::string(row.name), std::string(row.does));
    command->fallthrough();
    command->footer(std::string("pgseal --help lists the options of every command.\n\n") +
                    exit_statuses);
    row.options(*command, options);
    const std::string whole = row.group.empty()
                                  ? std::string(row.name)
                                  : std::string(row.group) + " " + std::string(row.name);
    command->callback([&options, whole] { options.command = whole; });
  }
}

// ---- what was typed and is not known
// --------------------------------------------------------------

using Apps = std::vector<const CLI::App*>;
const auto all_of = [](const CLI::App*) { return true; };

std::string whole_name(const Apps& path) {
  std::string name = "pgseal";
  for (const CLI::App* app : path) name += " " + app->get_name();
  return name;
}

/// The commands that were understood, outermost first.
Apps understood(const CLI::App& app) {
  Apps path;
  for (const CLI::App* at = &app; !at->get_subcommands().empty(); path.push_back(at))
    at = at->get_subcommands().front();
  return path;
}

std::string nearest_of(const std::string& word, const std::vector<std::string>& known) {
  return base::nearest(word, std::vector<std::string_view>(known.begin(), known.end()));
}

base::Error usage(std::string message, const std::string& near, const std::string& help) {
  return base::error(base::Code::usage, std::move(message))
      .with_hint(near.empty() ? help : fmt::format("The nearest is \"{}\"; {}", near, help));
}

/// A word where a command belongs, or none at all.
base::Error no_command(const CLI::App& app, const Apps& path,
                       const std::vector<std::string>& rest) {
  const CLI::App& at = path.empty() ? app : *path.back();
  std::vector<std::string> names;
  for (const CLI::App* each : at.get_subcommands(all_of)) names.push_back(each->get_name());
  const std::string help = whole_name(path) + " --help lists the commands.";
  const auto word = std::find_if(rest.begin(), rest.end(),
                                 [](const std::string& each) { return !each.starts_with("-"); });
  if (word != rest.end())
    return usage(fmt::format("unknown command \"{}{}\"", path.empty() ? "" : at.get_name() + " ",
                             base::printable_line(*word)),
                 nearest_of(*word, names), help);
  if (!path.empty())
    return usage(
        fmt::format("\"{}\" is a group of commands: {}", at.get_name(), fmt::join(names, ", ")), "",
        help);
  return usage("no command was given", "", help);
}

/// An option or argument that the command does not take.
base::Error unexpected(const CLI::App& app, const Apps& path, const std::string& word) {
  const std::string help = whole_name(path) + " --help lists what it takes.";
  // A connection string that strayed here may have a password, so it is not repeated.
  if (word.find("://") != std::string::npos || word.find("password") != std::string::npos)
    return usage(fmt::format("\"{}\" takes no such argument", whole_name(path)), "", help);
  if (!word.starts_with("-"))
    return usage(fmt::format("\"{}\" takes no argument \"{}\"", whole_name(path),
                             base::printable_line(word)),
                 "", help);
  std::vector<std::string> names;
  for (const CLI::App* at : {&app, path.empty() ? &app : path.back()})
    for (const CLI::Option* option : at->get_options())
      for (const std::string& name : option->get_lnames()) names.push_back("--" + name);
  const std::string name = word.substr(0, word.find('='));
  return usage(fmt::format("unknown option \"{}\"", base::printable_line(name)),
               nearest_of(name, names), help);
}

base::Error explained(const CLI::App& app, const CLI::ParseError& wrong) {
  const Apps path = understood(app);
  const std::vector<std::string> rest = app.remaining(true);
  const CLI::App& at = path.empty() ? app : *path.back();
  const bool lacks_command = at.get_subcommands().empty() && !at.get_subcommands(all_of).empty();
  if (lacks_command && dynamic_cast<const CLI::RequiredError*>(&wrong) != nullptr)
    return no_command(app, path, rest);
  if (dynamic_cast<const CLI::ExtrasError*>(&wrong) != nullptr && !rest.empty()) {
    const auto option = std::find_if(rest.begin(), rest.end(),
                                     [](const std::string& each) { return each.starts_with("-"); });
    return unexpected(app, path, option == rest.end() ? rest.front() : *option);
  }
  return usage(base::printable_line(wrong.what()), "",
               whole_name(path) + " --help lists what it takes.");
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
    return explained(app, wrong);
  }
  return parsed;
}

namespace {

DescribedOption described(const CLI::Option& option) {
  DescribedOption made;
  for (const std::string& name : option.get_snames()) made.names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) made.names.push_back("--" + name);
  made.does = option.get_description();
  made.required = option.get_required();
  if (option.get_items_expected_max() == 0) return made;
  made.takes = option.get_type_name();
  if (made.names.empty()) made.takes = option.get_name(true);
  const std::string type = option.get_type_name();
  if (type.find('|') != std::string::npos)
    for (const std::string_view word : base::split(type, '|')) made.words.emplace_back(word);
  return made;
}

DescribedCommand described(const CLI::App& app) {
  DescribedCommand made;
  made.name = app.get_name();
  made.does = app.get_description();
  made.ends = app.get_footer();
  for (const CLI::Option* option : app.get_options()) made.options.push_back(described(*option));
  for (const CLI::App* each : app.get_subcommands(all_of))
    made.commands.push_back(described(*each));
  return made;
}

}  // namespace

DescribedCommand described_program() {
  Options options;
  CLI::App app("pgseal takes a PostgreSQL environment from plaintext to proven TLS.", "pgseal");
  build(app, options);
  return described(app);
}

}  // namespace cli
