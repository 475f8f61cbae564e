// SPDX-License-Identifier: PostgreSQL
#include "slots/mark.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/text.h"
#include "slots/changes.h"

namespace slots {
namespace {

using base::Code;
using base::Error;
using base::Result;

constexpr std::size_t mark_bytes = 4096;

Error broken(std::string why) { return base::error(Code::mark, std::move(why)); }

Result<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, status] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (status != std::errc() || end != text.data() + text.size() || value < 0)
    return broken("the generation is no number");
  return value;
}

Result<void> take_line(std::string_view line, fleet::Mark& mark, std::vector<std::string>& seen) {
  const auto equals = line.find('=');
  const std::string name(base::trim(line.substr(0, equals)));
  const std::string_view value =
      equals == std::string_view::npos ? "" : base::trim(line.substr(equals + 1));
  if (value.empty() || std::find(seen.begin(), seen.end(), name) != seen.end())
    return broken(fmt::format("line \"{}\" is broken or repeated", base::printable_line(line)));
  seen.push_back(name);
  if (name == "host")
    mark.host = value;
  else if (name == "environment_id")
    mark.environment_id = value;
  else if (name == "ledger_id")
    mark.ledger_id = value;
  else if (name == "generation")
    mark.generation = TRY(number(value));
  else
    return broken(fmt::format("\"{}\" is unknown", base::printable_line(name)));
  return {};
}

/// The folder of marks looks like a slot that root owns, and so does its archive.
Result<SlotFiles> mark_files(const std::string& etc, const std::string& environment) {
  TRY(host::check_component("the environment's name", environment));
  SlotFiles files;
  files.slot = fleet::server_slot("mark of " + environment);
  files.actor = host::root_user();
  Rooted here = rooted(etc, {"mark"});
  files.base = std::move(here.base);
  files.folders = std::move(here.folders);
  files.archive = rooted(etc, {"archive", "mark:" + environment}).folders;
  TRY(host::check_component("the archive's name", files.archive.back()));
  files.folder_mode = 0755;
  files.key = files.certificate = files.trust = files.pending = environment;
  return files;
}

Result<void> check_allowed(const fleet::Mark& there, const fleet::Act& act,
                           const std::string& host) {
  if (act.take_over) return {};
  std::string why;
  if (there.environment_id != act.mark.environment_id)
    why = "It belongs to another environment.";
  else if (there.ledger_id != act.mark.ledger_id)
    why = "It belongs to another ledger.";
  else if (there.generation > act.mark.generation)
    why = "It has seen a newer state of this ledger.";
  else if (!there.host.empty() && there.host != host)
    why = fmt::format("It names this host \"{}\".", base::printable_line(there.host));
  if (why.empty()) return {};
  return base::error(Code::refused_mark, "the mark of this host refuses this ledger")
      .with_detail(why)
      .with_hint("If that is meant, say --take-over.");
}

bool one_word(const std::string& text) {
  return host::valid_component(text) && base::trim(text) == text &&
         text.find('=') == std::string::npos;
}

std::string in_words(const std::optional<fleet::Mark>& mark) {
  if (!mark) return "no mark";
  return fmt::format("{}ledger {}, generation {}",
                     mark->host.empty() ? "" : "host " + mark->host + ", ", mark->ledger_id,
                     mark->generation);
}

}  // namespace

std::string format_mark(const fleet::Mark& mark) {
  std::string text = fmt::format("environment_id = {}\nledger_id = {}\ngeneration = {}\n",
                                 mark.environment_id, mark.ledger_id, mark.generation);
  if (!mark.host.empty()) text += fmt::format("host = {}\n", mark.host);
  return text;
}

Result<fleet::Mark> parse_mark(std::string_view text) {
  fleet::Mark mark;
  std::vector<std::string> seen;
  for (const std::string_view line : base::split(text, '\n'))
    if (!base::trim(line).empty()) TRY(take_line(line, mark, seen));
  const std::size_t named = mark.host.empty() ? 0 : 1;  // none before hosts were named
  if (seen.size() != 3 + named) return broken("a line is missing");
  return mark;
}

Result<std::optional<fleet::Mark>> read_mark(const std::string& etc,
                                             const std::string& environment) {
  const SlotFiles files = TRY(mark_files(etc, environment));
  const auto folder = TRY(open_below(files.base, files.folders, files.actor));
  if (!folder || !TRY(folder->look(environment)).exists()) return std::optional<fleet::Mark>();
  auto mark = parse_mark(TRY(folder->read(environment, mark_bytes)));
  if (!mark) return std::move(mark).error().during("reading " + folder->path_of(environment));
  return std::optional<fleet::Mark>(std::move(*mark));
}

Result<fleet::Answer> mark_host(const MarkPlace& place, const fleet::Act& act) {
  if (!one_word(act.mark.environment_id) || !one_word(act.mark.ledger_id) || !one_word(place.host))
    return base::error(Code::protocol_value, "an identifier of the mark is not one word");
  fleet::Mark wanted = act.mark;
  wanted.host = place.host;
  const SlotFiles files = TRY(mark_files(place.etc, place.environment));
  auto there = read_mark(place.etc, place.environment);
  if (!there && !(act.take_over && there.error().code == Code::mark))
    return std::move(there).error();
  fleet::Answer answer;
  answer.before = there ? in_words(*there) : "a mark that cannot be read";
  answer.after = in_words(wanted);
  if (there && *there && **there == wanted) return answer;
  if (there && *there) TRY(check_allowed(**there, act, place.host));
  Changes changes;
  // A newer generation of the same ledger replaces nothing that anybody would miss.
  const bool same = there && *there && (*there)->same_ledger(wanted) &&
                    ((*there)->host.empty() || (*there)->host == wanted.host);
  if (!same && (!there || *there))
    changes.steps.push_back(keep_step("mark", {place.environment}, answer.before, place.at));
  Step put;
  put.files = {{place.environment, format_mark(wanted), {0, 0, 0644}}};
  changes.steps.push_back(std::move(put));
  TRY(carry_out(files, changes));
  answer.changed = true;
  return answer;
}

}  // namespace slots
