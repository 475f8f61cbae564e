// SPDX-License-Identifier: PostgreSQL
// All three scripts walk the words that stand already, find the command that they name, and offer
// what belongs to it. Options that take a value are passed over together with it.
#include "cli/completion.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/commands.h"

namespace cli {
namespace {

/// A command by its whole name ("ca export", "" for the program), with what may follow it.
struct Place {
  std::string path;
  const DescribedCommand* command;
};

std::vector<Place> places_of(const DescribedCommand& command, const std::string& path) {
  std::vector<Place> places{{path, &command}};
  for (const DescribedCommand& each : command.commands)
    for (Place& below : places_of(each, path.empty() ? each.name : path + " " + each.name))
      places.push_back(std::move(below));
  return places;
}

/// What may stand at a place; the program's own options may stand everywhere.
std::vector<const DescribedOption*> options_at(const Place& place,
                                               const DescribedCommand& program) {
  std::vector<const DescribedOption*> options;
  for (const DescribedOption& each : place.command->options) options.push_back(&each);
  for (const DescribedOption& each : program.options) {
    const bool there = std::any_of(options.begin(), options.end(),
                                   [&](const auto* known) { return known->names == each.names; });
    if (!there) options.push_back(&each);
  }
  return options;
}

/// Every option, of any command, that has a value.
std::vector<const DescribedOption*> with_value(const std::vector<Place>& places) {
  std::vector<const DescribedOption*> options;
  for (const Place& place : places)
    for (const DescribedOption& each : place.command->options) {
      const bool there = std::any_of(options.begin(), options.end(),
                                     [&](const auto* known) { return known->names == each.names; });
      if (!each.names.empty() && !each.takes.empty() && !there) options.push_back(&each);
    }
  return options;
}

std::string in_single_quotes(const std::string& text, const char* quote) {
  std::string quoted = "'";
  for (const char c : text) quoted += c == '\'' ? std::string(quote) : std::string(1, c);
  return quoted + "'";
}

struct Offer {
  std::string word;
  std::string does;
};

/// Commands, words of arguments, options.
std::vector<Offer> offers_at(const Place& place, const DescribedCommand& program) {
  std::vector<Offer> offers;
  for (const DescribedCommand& each : place.command->commands)
    offers.push_back({each.name, each.does});
  for (const DescribedOption* option : options_at(place, program)) {
    if (option->names.empty())
      for (const std::string& word : option->words) offers.push_back({word, option->does});
    else
      offers.push_back({option->names.back(), option->does});
  }
  return offers;
}

bool takes_file(const Place& place) {
  return std::any_of(
      place.command->options.begin(), place.command->options.end(),
      [](const DescribedOption& each) { return each.names.empty() && each.takes == "FILE"; });
}

std::string joined_names(const DescribedOption& option) {
  return fmt::format("{}", fmt::join(option.names, " | "));
}

/// The loop in the words of bash and zsh; `words` is the array, `end` the word in hand.
std::string walk(const std::vector<Place>& places, const char* array, const char* end, int first) {
  std::string text = fmt::format(
      "  local command= at\n"
      "  for ((at = {}; at < {}; ++at)); do\n    case \"$command ${{{}[at]}}\" in\n",
      first, end, array);
  for (const Place& place : places) {
    if (place.path.empty()) continue;
    const auto blank = place.path.rfind(' ');
    text += fmt::format("      \"{}\") command=\"{}\" ;;\n",
                        blank == std::string::npos ? " " + place.path : place.path, place.path);
  }
  for (const DescribedOption* option : with_value(places))
    for (const std::string& name : option->names)
      text += fmt::format("      *\" {}\") ((++at)) ;;\n", name);
  return text + "    esac\n  done\n";
}

std::string for_bash(const DescribedCommand& program) {
  const auto places = places_of(program, "");
  std::string text =
      "# Completion of pgseal for bash: source <(pgseal completion bash)\n_pgseal() {\n"
      "  local current=${COMP_WORDS[COMP_CWORD]} words=\n" +
      walk(places, "COMP_WORDS", "COMP_CWORD", 1) + "  case \"${COMP_WORDS[COMP_CWORD - 1]}\" in\n";
  for (const DescribedOption* option : with_value(places)) {
    const std::string words = fmt::format("{}", fmt::join(option->words, " "));
    const std::string reply = option->takes == "FILE" ? "-f" : fmt::format("-W \"{}\"", words);
    text += fmt::format(
        "    {})\n      mapfile -t COMPREPLY < <(compgen {} -- \"$current\")\n"
        "      return\n      ;;\n",
        joined_names(*option), reply);
  }
  text += "  esac\n  case \"$command\" in\n";
  for (const Place& place : places) {
    text += fmt::format("    \"{}\") words=\"", place.path);
    const auto offers = offers_at(place, program);
    for (const Offer& offer : offers) text += (&offer == offers.data() ? "" : " ") + offer.word;
    text += "\" ;;\n";
  }
  text += "  esac\n  mapfile -t COMPREPLY < <(compgen -W \"$words\" -- \"$current\")\n}\n";
  return text + "complete -o default -F _pgseal pgseal\n";
}

std::string for_zsh(const DescribedCommand& program) {
  const auto places = places_of(program, "");
  std::string text =
      "#compdef pgseal\n"
      "# Completion of pgseal for zsh: pgseal completion zsh >\"${fpath[1]}/_pgseal\"\n"
      "_pgseal() {\n  local -a offers\n" +
      walk(places, "words", "CURRENT", 2) + "  case \"${words[CURRENT - 1]}\" in\n";
  for (const DescribedOption* option : with_value(places)) {
    text += fmt::format("    {})\n", joined_names(*option));
    if (option->takes == "FILE") text += "      _files\n";
    if (!option->words.empty())
      text += fmt::format("      offers=({})\n      _describe value offers\n",
                          fmt::join(option->words, " "));
    text += "      return\n      ;;\n";
  }
  text += "  esac\n  case \"$command\" in\n";
  for (const Place& place : places) {
    text += fmt::format("    \"{}\")\n      offers=(\n", place.path);
    for (const Offer& offer : offers_at(place, program))
      text += fmt::format("        {}\n", in_single_quotes(offer.word + ":" + offer.does, "'\\''"));
    text += "      )\n";
    if (takes_file(place)) text += "      _files\n";
    text += "      ;;\n";
  }
  // As a file of $fpath it is called at once; sourced, it only says who completes pgseal.
  return text +
         "  esac\n  _describe pgseal offers\n}\n"
         "if [[ \"${funcstack[1]}\" = _pgseal ]]; then\n  _pgseal \"$@\"\nelse\n"
         "  compdef _pgseal pgseal\nfi\n";
}

std::string fish_option(const DescribedOption& option) {
  std::string text;
  for (const std::string& name : option.names)
    text += name.starts_with("--") ? " -l " + name.substr(2) : " -s " + name.substr(1);
  if (option.takes == "FILE")
    text += " -r -F";
  else if (!option.takes.empty())
    text += " -x";
  if (!option.words.empty()) text += fmt::format(" -a \"{}\"", fmt::join(option.words, " "));
  return text + " -d " + in_single_quotes(option.does, "\\'");
}

std::string for_fish(const DescribedCommand& program) {
  const auto places = places_of(program, "");
  std::string text =
      "# Completion of pgseal for fish: pgseal completion fish | source\n"
      "function __pgseal_at\n  set -l command ''\n  set -l value no\n"
      "  for word in (commandline -opc)[2..]\n"
      "    if test $value = yes\n      set value no\n      continue\n    end\n"
      "    switch \"$command $word\"\n";
  for (const Place& place : places)
    if (!place.path.empty())
      text += fmt::format("      case '{}'\n        set command '{}'\n",
                          place.path.find(' ') == std::string::npos ? " " + place.path : place.path,
                          place.path);
  for (const DescribedOption* option : with_value(places))
    for (const std::string& name : option->names)
      text += fmt::format("      case '* {}'\n        set value yes\n", name);
  text += "    end\n  end\n  test \"$command\" = \"$argv[1]\"\nend\ncomplete -c pgseal -f\n";
  for (const DescribedOption& option : program.options)
    text += "complete -c pgseal" + fish_option(option) + "\n";
  for (const Place& place : places) {
    const std::string at = fmt::format("complete -c pgseal -n \"__pgseal_at '{}'\"", place.path);
    for (const DescribedCommand& each : place.command->commands)
      text += fmt::format("{} -a {} -d {}\n", at, each.name, in_single_quotes(each.does, "\\'"));
    if (place.path.empty()) continue;
    for (const DescribedOption& option : place.command->options)
      if (option.names != program.options.front().names) text += at + fish_option(option) + "\n";
  }
  return text;
}

}  // namespace

std::string completion_of(const DescribedCommand& program, const std::string& shell) {
  if (shell == "bash") return for_bash(program);
  return shell == "zsh" ? for_zsh(program) : for_fish(program);
}

base::Result<int> completion_command(Shell& shell) {
  shell.speech.result(completion_of(described_program(), shell.options.shell));
  return 0;
}

}  // namespace cli
