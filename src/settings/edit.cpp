// SPDX-License-Identifier: PostgreSQL
#include "settings/edit.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "base/text.h"
#include "settings/tls_settings.h"

namespace settings {
namespace {

constexpr std::string_view marker =
    "# pgseal: TLS settings, kept by pgseal; remove with \"pgseal leave\"";
/// Says that the newline before it is ours too.
constexpr std::string_view marker_after_newline =
    "# pgseal: TLS settings, kept by pgseal; remove with \"pgseal leave\" (newline added before)";
constexpr std::string_view drop_in_name = "zz_pgseal.conf";

std::string_view body(std::string_view line) { return line.substr(0, line.find('\n')); }

bool is_marker(std::string_view line) {
  return body(line) == marker || body(line) == marker_after_newline;
}

/// A line `include_if_exists '…'`, as a block of ours holds it; null for any other.
std::optional<Include> our_include(std::string_view line) {
  const ConfigurationFile one = parse(line);
  if (one.includes.size() != 1 || one.includes[0].kind != IncludeKind::if_exists) return {};
  return one.includes[0];
}

std::string include_line(std::string_view path) {
  return fmt::format("include_if_exists {}\n", quoted(path));
}

base::Result<void> check(std::string_view path) {
  if (!path.empty() && path[0] == '/' && path.find('\0') == std::string_view::npos) return {};
  return base::error(
      base::Code::server_settings,
      fmt::format("the path of ssl.conf must be absolute: \"{}\"", base::printable_line(path)));
}

/// Every block of ours names `path`, and there is at most one.
bool blocks_name(const ConfigurationFile& file, std::string_view path) {
  int blocks = 0;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    if (!is_marker(file.lines[i].text)) continue;
    const auto include =
        i + 1 < file.lines.size() ? our_include(file.lines[i + 1].text) : std::optional<Include>();
    if (++blocks > 1 || !include || include->path != path) return false;
  }
  return true;
}

base::Finding about(std::string_view file_name, int line, std::string message) {
  base::Finding finding;
  finding.message = std::move(message);
  finding.clause = "postgresql config-setting";
  finding.file = file_name;
  finding.line = line;
  return finding;
}

}  // namespace

base::Result<std::string> with_include(std::string_view text, std::string_view ssl_conf_path) {
  TRY(check(ssl_conf_path));
  const ConfigurationFile file = parse(text);
  if (standing(file, ssl_conf_path).as_wanted() && blocks_name(file, ssl_conf_path)) {
    return std::string(text);
  }
  std::string edited = without_include(text);
  if (standing(parse(edited), ssl_conf_path).as_wanted()) return edited;
  const bool add_newline = !edited.empty() && edited.back() != '\n';
  if (add_newline) edited += '\n';
  edited += add_newline ? marker_after_newline : marker;
  edited += '\n';
  edited += include_line(ssl_conf_path);
  return edited;
}

std::string without_include(std::string_view text) {
  const ConfigurationFile file = parse(text);
  std::string rest;
  for (std::size_t i = 0; i < file.lines.size(); ++i) {
    const std::string& line = file.lines[i].text;
    if (!is_marker(line)) {
      rest += line;
      continue;
    }
    if (i + 1 < file.lines.size() && our_include(file.lines[i + 1].text)) ++i;
    // Someone wrote below the block: then the newline before it ends a line of theirs.
    const bool last = i + 1 >= file.lines.size();
    if (body(line) == marker_after_newline && last && !rest.empty()) rest.pop_back();
  }
  return rest;
}

Standing standing(const ConfigurationFile& file, std::string_view ssl_conf_path) {
  Standing result;
  for (const Include& include : file.includes) {
    if (include.kind == IncludeKind::directory || include.path != ssl_conf_path) continue;
    result.present = true;
    result.line = include.line;
  }
  if (!result.present) return result;
  for (const Assignment& assignment : file.assignments) {
    if (!ours(assignment.name)) continue;
    (assignment.line < result.line ? result.superseded : result.overriding).push_back(assignment);
  }
  for (const Include& include : file.includes) {
    if (include.line > result.line) result.later_includes.push_back(include);
  }
  return result;
}

base::Findings findings_of(const Standing& standing, std::string_view file_name) {
  base::Findings findings;
  for (const Assignment& assignment : standing.overriding) {
    base::Finding finding = about(file_name, assignment.line,
                                  fmt::format("\"{}\" is set again after pgseal's include line",
                                              base::printable_line(assignment.name)));
    finding.severity = base::Severity::warning;
    finding.code = "settings.overridden";
    finding.detail = "The last assignment counts, so this one does, and not that of ssl.conf.";
    finding.hint = "Remove this line.";
    finding.related.push_back({std::string(file_name), standing.line});
    findings.push_back(std::move(finding));
  }
  for (const Include& include : standing.later_includes) {
    base::Finding finding = about(file_name, include.line,
                                  fmt::format("\"{}\" is included after pgseal's include line",
                                              base::printable_line(include.path)));
    finding.severity = base::Severity::note;
    finding.code = "settings.later-include";
    finding.detail = "What it sets counts more than what ssl.conf sets.";
    finding.related.push_back({std::string(file_name), standing.line});
    findings.push_back(std::move(finding));
  }
  for (const Assignment& assignment : standing.superseded) {
    base::Finding finding = about(file_name, assignment.line,
                                  fmt::format("\"{}\" no longer counts where ssl.conf sets it",
                                              base::printable_line(assignment.name)));
    finding.severity = base::Severity::note;
    finding.code = "settings.superseded";
    finding.related.push_back({std::string(file_name), standing.line});
    findings.push_back(std::move(finding));
  }
  return findings;
}

base::Result<DropIn> drop_in(std::string_view ssl_conf_path) {
  TRY(check(ssl_conf_path));
  return DropIn{std::string(drop_in_name),
                fmt::format("{}\n{}", marker, include_line(ssl_conf_path))};
}

std::vector<std::string> read_after_drop_in(const std::vector<std::string>& others) {
  std::vector<std::string> later;
  for (const std::string& name : others) {
    // The server's test: at least six bytes, no leading dot, ".conf" at the end.
    const bool read = name.size() >= 6 && name[0] != '.' && name.ends_with(".conf");
    if (read && std::string_view(name) > drop_in_name) later.push_back(name);
  }
  std::sort(later.begin(), later.end());
  return later;
}

}  // namespace settings
