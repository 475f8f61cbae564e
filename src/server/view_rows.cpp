// SPDX-License-Identifier: PostgreSQL
// From rows to facts; secrets are masked here, before anything else sees them. Pure.
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

#include "base/pack.h"
#include "base/text.h"
#include "server/view.h"
#include "server/view_parts.h"
#include "settings/mask.h"
#include "settings/tls_settings.h"

namespace server {
namespace {

int number_of(const Field& field) {
  int value = 0;
  if (field) std::from_chars(field->data(), field->data() + field->size(), value);
  return value;
}

bool is_true(const Field& field) { return field && *field == "t"; }

base::Error broken() {
  return base::error(base::Code::internal, "a child's view of the server cannot be read");
}

/// Rows of at least `width` fields.
base::Result<Rows> rows_of(const std::vector<std::string>& parts, ViewPart part,
                           std::size_t width) {
  Rows rows = TRY(unpack_rows(parts[part]));
  for (const Row& row : rows) {
    if (row.size() < width) return broken();
  }
  return rows;
}

base::Result<void> read_identity(const std::vector<std::string>& parts, ServerView& view) {
  const Rows rows = TRY(rows_of(parts, part_identity, 11));
  if (rows.size() != 1) return broken();
  const Row& row = rows.front();
  view.version = number_of(parts[part_version]);
  view.version_text = text_of(row[0]);
  view.data_directory = text_of(row[1]);
  view.config_file = text_of(row[2]);
  view.hba_file = text_of(row[3]);
  view.listen_addresses = text_of(row[4]);
  view.port = number_of(row[5]);
  view.system_identifier = text_of(row[6]);
  view.timeline = text_of(row[7]);
  view.in_recovery = is_true(row[8]);
  view.conf_load_time = text_of(row[9]);
  view.log_file = text_of(row[10]);
  if (!view.log_file.empty() && view.log_file.front() != '/') {
    view.log_file = view.data_directory + "/" + view.log_file;
  }
  return {};
}

base::Result<void> read_settings(const std::vector<std::string>& parts, ServerView& view) {
  for (const Row& row : TRY(rows_of(parts, part_running, 6))) {
    const std::string name = text_of(row[0]);
    view.running.push_back({name, settings::mask_setting(name, text_of(row[1])), text_of(row[2]),
                            text_of(row[3]), number_of(row[4]), is_true(row[5]), ""});
  }
  for (const Row& row : TRY(rows_of(parts, part_written, 6))) {
    const std::string name = text_of(row[0]);
    view.written.push_back({name, settings::mask_setting(name, text_of(row[1])), "",
                            text_of(row[2]), number_of(row[3]), false, text_of(row[5])});
    view.applied.push_back(is_true(row[4]));
  }
  return {};
}

base::Result<void> read_people(const std::vector<std::string>& parts, ServerView& view) {
  for (const Row& row : TRY(rows_of(parts, part_roles, 3))) {
    view.roles.push_back({text_of(row[0]), is_true(row[1]), is_true(row[2])});
  }
  for (const Row& row : TRY(rows_of(parts, part_sessions, 9))) {
    view.sessions.push_back({text_of(row[0]), text_of(row[1]), text_of(row[2]),
                             base::printable_line(text_of(row[3])), text_of(row[4]),
                             is_true(row[5]), text_of(row[6]), text_of(row[7]), text_of(row[8])});
  }
  for (const Row& row : TRY(rows_of(parts, part_rules, 3))) {
    const std::string file = row[0] ? text_of(row[0]) : view.hba_file;
    const std::string problem = row[2] ? text_of(row[2]) : "the server refuses this line";
    view.bad_rules.push_back(fmt::format("{}:{}: {}", file, number_of(row[1]), problem));
  }
  return {};
}

base::Result<ViewedFile> read_viewed(const std::string& packed) {
  std::vector<std::string> items = TRY(base::unpack(packed));
  if (items.size() != 3) return broken();
  return ViewedFile{std::move(items[0]), std::move(items[1]), std::move(items[2])};
}

base::Result<void> read_replication(const std::vector<std::string>& parts, ServerView& view) {
  for (const Row& row : TRY(rows_of(parts, part_replicas, 9))) {
    fleet::ReplicaFact replica{text_of(row[0]), base::printable_line(text_of(row[1])),
                               text_of(row[2]), text_of(row[3]),
                               text_of(row[4]), is_true(row[5]),
                               text_of(row[6]), text_of(row[7]),
                               std::nullopt};
    std::int64_t behind = 0;
    const std::string bytes = text_of(row[8]);
    const auto read = std::from_chars(bytes.data(), bytes.data() + bytes.size(), behind);
    if (!bytes.empty() && read.ec == std::errc()) replica.behind = behind;
    view.replicas.push_back(std::move(replica));
  }
  for (const Row& row : TRY(rows_of(parts, part_replication_slots, 3)))
    view.replication_slots.push_back({text_of(row[0]), is_true(row[1]), text_of(row[2])});
  for (const Row& row : TRY(rows_of(parts, part_following, 9))) {
    view.replication.running = text_of(row[0]);
    view.replication.line = number_of(row[2]);
    view.replication.receiver = {text_of(row[3]), text_of(row[4]), number_of(row[5])};
    view.replication.slot = text_of(row[6]);
    view.replication.archive = is_true(row[7]);
    view.replication.held = text_of(row[8]);
  }
  if (!parts[part_conninfo_file].empty())
    view.replication.file = TRY(read_viewed(parts[part_conninfo_file]));
  return {};
}

}  // namespace

std::string pack_rows(const Rows& rows) {
  std::vector<std::string> packed;
  packed.reserve(rows.size());
  for (const Row& row : rows) {
    std::vector<std::string> fields;
    fields.reserve(row.size());
    for (const Field& field : row) fields.push_back(field ? "=" + *field : std::string());
    packed.push_back(base::pack(fields));
  }
  return base::pack(packed);
}

base::Result<Rows> unpack_rows(std::string_view bytes) {
  Rows rows;
  for (const std::string& packed : TRY(base::unpack(bytes))) {
    Row row;
    for (std::string& field : TRY(base::unpack(packed))) {
      row.push_back(field.empty() ? Field() : Field(field.substr(1)));
    }
    rows.push_back(std::move(row));
  }
  return rows;
}

std::string text_of(const Field& field) {
  if (!field) return {};
  return base::valid_utf8(*field) ? *field : base::printable_line(*field);
}

base::Result<ServerView> unpack_view(std::string_view bytes) {
  const std::vector<std::string> parts = TRY(base::unpack(bytes));
  if (parts.size() != view_parts) return broken();
  ServerView view;
  TRY(read_identity(parts, view));
  TRY(read_settings(parts, view));
  TRY(read_people(parts, view));
  TRY(read_replication(parts, view));
  view.config = TRY(read_viewed(parts[part_config]));
  view.hba = TRY(read_viewed(parts[part_hba]));
  std::vector<std::string> drop_in = TRY(base::unpack(parts[part_drop_in]));
  if (drop_in.size() >= 2) {
    view.drop_in.folder = drop_in[0];
    view.drop_in.text = drop_in[1];
    view.drop_in.names.assign(drop_in.begin() + 2, drop_in.end());
  }
  view.unanswered = TRY(base::unpack(parts[part_unanswered]));
  return view;
}

int ServerView::major() const { return settings::major_of(version); }

const fleet::SettingFact* ServerView::running_setting(std::string_view name) const {
  const auto found =
      std::find_if(running.begin(), running.end(),
                   [&](const fleet::SettingFact& fact) { return fact.name == name; });
  return found == running.end() ? nullptr : &*found;
}

const fleet::SettingFact* ServerView::written_setting(std::string_view name) const {
  for (std::size_t i = written.size(); i-- > 0;) {
    if (applied[i] && base::lower(written[i].name) == name) return &written[i];
  }
  return nullptr;
}

bool ServerView::fixed_at_start(std::string_view name) const {
  const fleet::SettingFact* fact = running_setting(name);
  return fact != nullptr &&
         (fact->source == "command line" || fact->source == "environment variable");
}

std::string ServerView::after_reload(std::string_view name) const {
  const fleet::SettingFact* now = running_setting(name);
  if (fixed_at_start(name)) return now->value;
  if (const fleet::SettingFact* fact = written_setting(name)) return fact->value;
  if (const settings::TlsSetting* row = settings::tls_setting(major(), name)) {
    return std::string(settings::default_of(major(), *row));
  }
  return now == nullptr ? std::string() : now->value;
}

}  // namespace server
