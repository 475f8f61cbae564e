// SPDX-License-Identifier: PostgreSQL
#include "server/include_edit.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/text.h"
#include "settings/edit.h"
#include "settings/tls_settings.h"

namespace server {
namespace {

std::string folder_of(const std::string& path) { return path.substr(0, path.rfind('/')); }
std::string name_of(const std::string& path) { return path.substr(path.rfind('/') + 1); }

std::string switch_word(std::string_view value) {
  std::string word = base::lower(value);
  if (word == "true" || word == "yes" || word == "1" || word == "t" || word == "y") return "on";
  if (word == "false" || word == "no" || word == "0" || word == "f" || word == "n") return "off";
  return word;
}

base::Finding overridden(std::string message, bool differs) {
  base::Finding finding;
  finding.severity = differs ? base::Severity::error : base::Severity::note;
  finding.code = "server.settings-overridden";
  finding.message = std::move(message);
  finding.clause = "postgresql config-setting";
  return finding;
}

base::Finding overridden_at_start(const std::string& name, const FoundServer& server,
                                  bool differs) {
  const settings::CommandLineSetting* setting = server.command_line.effective(name);
  const std::string argument = setting == nullptr ? "-c " + name + "=…" : setting->argument;
  base::Finding finding = overridden(
      fmt::format("\"{}\" is set on the server's command line, and ssl.conf does not count", name),
      differs);
  finding.detail = "The postmaster was started with " + base::printable_line(argument) + ".";
  finding.hint = fmt::format("Take \"{}\" out of the service's options and restart the server.",
                             base::printable_line(argument));
  return finding;
}

base::Finding overridden_by_file(const fleet::SettingFact& fact, bool differs) {
  base::Finding finding = overridden(fmt::format("\"{}\" is set after ssl.conf by \"{}\" line {}",
                                                 fact.name, fact.file, fact.line),
                                     differs);
  finding.file = fact.file;
  finding.line = fact.line;
  const bool by_alter_system = name_of(fact.file) == "postgresql.auto.conf";
  finding.hint = by_alter_system ? fmt::format("ALTER SYSTEM RESET {};", fact.name)
                                 : std::string("Remove that line.");
  return finding;
}

}  // namespace

bool same_value(std::string_view left, std::string_view right) {
  return left == right || switch_word(left) == switch_word(right);
}

std::string include_folder(const ServerView& view) {
  if (view.drop_in.folder.empty() || !settings::read_after_drop_in(view.drop_in.names).empty())
    return {};
  const settings::ConfigurationFile file = settings::parse(view.config.text, view.config_file);
  int line = 0;
  for (const settings::Include& include : file.includes) {
    if (include.kind == settings::IncludeKind::directory) line = include.line;
  }
  const bool later_include =
      std::any_of(file.includes.begin(), file.includes.end(),
                  [&](const settings::Include& include) { return include.line > line; });
  const bool later_setting =
      std::any_of(file.assignments.begin(), file.assignments.end(),
                  [&](const settings::Assignment& assignment) {
                    return assignment.line > line && settings::ours(assignment.name);
                  });
  return later_include || later_setting ? std::string() : view.drop_in.folder;
}

bool include_in_place(const ServerView& view, const std::string& ssl_conf_path) {
  const auto includes = [&](const std::string& text, const std::string& name) {
    return settings::standing(settings::parse(text, name), ssl_conf_path).present;
  };
  return includes(view.config.text, view.config_file) ||
         includes(view.drop_in.text, view.drop_in.folder);
}

base::Result<std::optional<IncludeEdit>> include_edit(const ServerView& view,
                                                      const std::string& ssl_conf_path) {
  if (!view.config.problem.empty()) {
    return base::error(base::Code::server_settings,
                       fmt::format("could not read \"{}\"", view.config_file))
        .with_detail(view.config.problem);
  }
  const settings::ConfigurationFile file = settings::parse(view.config.text, view.config_file);
  const std::string folder = include_folder(view);
  if (!folder.empty() && !settings::standing(file, ssl_conf_path).present) {
    settings::DropIn ours = TRY(settings::drop_in(ssl_conf_path));
    if (ours.text == view.drop_in.text) return std::optional<IncludeEdit>();
    const bool exists = !view.drop_in.text.empty();
    return std::optional(
        IncludeEdit{folder, ours.file_name, view.drop_in.text, exists, ours.text, true});
  }
  std::string after = TRY(settings::with_include(view.config.text, ssl_conf_path));
  if (after == view.config.text) return std::optional<IncludeEdit>();
  return std::optional(IncludeEdit{folder_of(view.config_file), name_of(view.config_file),
                                   view.config.text, true, std::move(after), false});
}

base::Findings overrides_of(const ServerView& view, const FoundServer& server,
                            const std::string& ssl_conf_path) {
  base::Findings findings;
  for (const fleet::SettingFact& ours : view.written) {
    if (ours.file != ssl_conf_path || !settings::ours(ours.name)) continue;
    if (view.fixed_at_start(ours.name)) {
      const bool differs = !same_value(view.running_setting(ours.name)->value, ours.value);
      findings.push_back(overridden_at_start(ours.name, server, differs));
      continue;
    }
    const fleet::SettingFact* counts = view.written_setting(ours.name);
    if (counts != nullptr && counts->file != ssl_conf_path) {
      findings.push_back(overridden_by_file(*counts, !same_value(counts->value, ours.value)));
    }
  }
  return findings;
}

base::Findings written_errors(const ServerView& view) {
  base::Findings findings;
  for (const fleet::SettingFact& fact : view.written) {
    if (fact.error.empty()) continue;
    const bool alone = settings::value_refused(fact.error);
    if (alone && !settings::ours(fact.name)) continue;
    base::Finding finding;
    finding.code = "server.settings-error";
    finding.message =
        fact.name.empty() ? fact.error : fmt::format("\"{}\": {}", fact.name, fact.error);
    if (!alone) finding.detail = "With this error a reload applies no setting at all.";
    finding.clause = "postgresql view-pg-file-settings";
    finding.file = fact.file;
    finding.line = fact.line;
    findings.push_back(std::move(finding));
  }
  return findings;
}

}  // namespace server
