// SPDX-License-Identifier: PostgreSQL
// The server's settings: ssl.conf beside the key, and one line of the server's configuration that
// includes it. The line goes first: naming a file that is not there yet changes nothing
// (include_if_exists), so an end in between leaves the server as it was.
#include <fmt/format.h>

#include "base/text.h"
#include "server/edit_place.h"
#include "server/include_edit.h"
#include "server/server.h"
#include "server/tls_files.h"
#include "settings/managed.h"
#include "settings/tls_settings.h"
#include "slots/files.h"
#include "x509/digest.h"

namespace server {
namespace {

using base::Code;
using base::Result;

constexpr std::size_t edited_file_bytes = 4UL * 1024 * 1024;

Result<void> check_edit(const IncludeEdit& edit, const ServerView& view, const fleet::Act& act) {
  if (x509::sha256_hex(view.config.text) != act.expected_sha256) {
    return base::error(Code::file_changed,
                       fmt::format("\"{}\" is not the file that was observed", view.config_file))
        .with_hint("Run the command again: it observes anew.");
  }
  if (edit.drop_in) return {};
  const std::optional<settings::Manager> manager = settings::manager_of(view.config.text);
  if (!manager || !manager->whole_file) return {};
  return base::error(Code::server_settings,
                     fmt::format("\"{}\" is written by {}", view.config_file, manager->name))
      .with_detail(
          fmt::format("Line {}: {}", manager->line, base::printable_line(manager->evidence)))
      .with_hint(fmt::format("Let {} write this line at its end:\n{}", manager->name,
                             edit.after.substr(edit.after.rfind("include_if_exists"))));
}

/// ssl.conf as it is, null where there is none.
Result<std::optional<std::string>> read_ours(const host::Folder& folder) {
  const host::FileState state = TRY(folder.look("ssl.conf"));
  if (!state.exists()) return std::optional<std::string>();
  return std::optional(TRY(folder.read("ssl.conf", edited_file_bytes)));
}

/// Root's, and the server's user may read it: include_if_exists passes over what it cannot.
Result<bool> ours_readable(const host::Folder& folder) {
  const host::FileState state = TRY(folder.look("ssl.conf"));
  return state.uid == 0 && (state.mode & 0777) == 0644;
}

Result<void> write_ours(const host::Folder& folder, const std::string& text) {
  TRY(folder.clean_leftovers());
  host::Replacement replacement = TRY(folder.stage("ssl.conf", {0, 0, 0644}));
  TRY(replacement.write(text));
  return std::move(replacement).commit();
}

/// The pair and the trust that the new settings would name, looked at as the server would.
Result<void> check_wanted(const settings::SslConf& wanted, const ServerView& view,
                          const host::OsUser& user, ServerChild& child) {
  TlsPlan plan = plan_after_reload(view);
  plan.on = true;
  plan.certificate = plan.key = wanted.key_and_chain_path;
  if (wanted.client_ca_path) {
    plan.client_ca = *wanted.client_ca_path;
    plan.crl = wanted.client_crl_path;
  }
  if (!wanted.min_protocol.empty()) plan.min_protocol = wanted.min_protocol;
  plan.passphrase_command = false;
  const TlsVerdict verdict = TRY(check_tls_files(plan, user, child));
  if (verdict.problems.empty()) return {};
  return base::error(Code::server_settings,
                     "the server could not load the TLS files of these settings")
      .with_detail(lines_of(verdict.problems))
      .with_hint("Nothing was written. Run pgseal apply again: it puts the pair in place first.");
}

std::string in_words(const std::optional<std::string>& text, bool included) {
  if (!text) return "no ssl.conf";
  return fmt::format("ssl.conf {}{}", x509::sha256_hex(*text).substr(0, 16),
                     included ? "" : ", not included");
}

}  // namespace

Result<fleet::Answer> Server::write_settings(const fleet::Act& act) {
  const FoundServer server = TRY(running_server());
  const host::OsUser user = TRY(host::find_user(server.os_user));
  const ServerView view = TRY(child_.view(server, {}));
  const slots::SlotFiles files =
      TRY(slots::server_files(places_.pgseal, fleet::server_slot(brief_.host), user));
  settings::SslConf wanted;
  wanted.key_and_chain_path = files.path_of(files.certificate);
  if (act.settings.client_trust) wanted.client_ca_path = files.path_of(files.trust);
  wanted.min_protocol = act.settings.min_protocol;
  const std::string text = TRY(settings::ssl_conf_text(view.major(), wanted));
  const bool admitted =
      TRY(slots::admit_below(files.base, files.folders, host::root_user(), files.folder_mode));
  TRY(check_wanted(wanted, view, user, child_));
  const std::optional<host::Folder> folder =
      TRY(slots::open_below(files.base, files.folders, host::root_user()));
  if (!folder)
    return base::error(Code::internal, fmt::format("\"{}\" is not there", files.folder()));

  const std::optional<std::string> ours = TRY(read_ours(*folder));
  const std::optional<IncludeEdit> edit = TRY(include_edit(view, ssl_conf_path()));
  fleet::Answer answer;
  answer.changed = admitted;
  answer.before = in_words(ours, include_in_place(view, ssl_conf_path()));
  answer.after = in_words(text, true);
  if (edit) {
    TRY(check_edit(*edit, view, act));
    TRY(apply_edit(*edit, files, child_));
    answer.changed = true;
  }
  if (ours != text || !TRY(ours_readable(*folder))) {
    if (ours && ours != text) TRY(archive_text(files, "ssl.conf", *ours));
    TRY(write_ours(*folder, text));
    answer.changed = true;
  }
  // Asked again, because only the server knows in which order it reads its files.
  const ServerView after = answer.changed ? TRY(child_.view(server, {})) : view;
  answer.findings = overrides_of(after, server, ssl_conf_path());
  for (base::Finding& finding : written_errors(after))
    answer.findings.push_back(std::move(finding));
  for (base::Finding& finding : answer.findings) finding.host = brief_.host;
  return answer;
}

}  // namespace server
