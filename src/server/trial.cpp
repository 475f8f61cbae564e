// SPDX-License-Identifier: PostgreSQL
#include "server/trial.h"

#include "base/pack.h"
#include "host/folder.h"
#include "x509/digest.h"

namespace server {
namespace {

using base::Result;

constexpr const char* note_name = "primary_conninfo.untried";
constexpr std::size_t note_bytes = 1024UL * 1024;

}  // namespace

Trial trial_of(const std::string& former, const std::string& wanted) {
  return {former, x509::sha256_hex(wanted)};
}

Result<void> note_trial(const slots::SlotFiles& server, const Trial& trial) {
  const host::Folder folder = TRY(slots::make_below(server.base, server.archive, host::root_user(),
                                                    {0755, server.archive_mode}));
  TRY(folder.clean_leftovers());
  host::Replacement note = TRY(folder.stage(note_name, {0, 0, 0600}));
  TRY(note.write(base::pack({trial.former, trial.wanted_sha256})));
  return std::move(note).commit();
}

Result<std::optional<Trial>> noted_trial(const slots::SlotFiles& server) {
  const auto folder = TRY(slots::open_below(server.base, server.archive, host::root_user()));
  if (!folder || !TRY(folder->look(note_name)).exists()) return std::optional<Trial>();
  const auto items = base::unpack(TRY(folder->read(note_name, note_bytes)));
  if (!items || items->size() != 2)
    return base::error(base::Code::file_unsafe,
                       "\"" + folder->path_of(note_name) + "\" is not as pgseal wrote it")
        .with_hint("Look at the standby's primary_conninfo, then remove that file.");
  return std::optional(Trial{items->front(), items->back()});
}

Result<void> end_trial(const slots::SlotFiles& server) {
  const auto folder = TRY(slots::open_below(server.base, server.archive, host::root_user()));
  if (!folder) return {};
  return folder->remove(note_name);
}

bool on_trial(const Trial& trial, const std::string& written, const std::string& running) {
  return x509::sha256_hex(written) == trial.wanted_sha256 ||
         x509::sha256_hex(running) == trial.wanted_sha256;
}

}  // namespace server
