// SPDX-License-Identifier: PostgreSQL
#include "slots/slots.h"

#include <fmt/format.h>

#include <utility>

#include "base/text.h"
#include "slots/changes.h"
#include "slots/service_file.h"

namespace slots {

using base::Code;
using base::Result;

namespace {

base::Time system_clock() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

/// Why a slot was not seen: some reasons are facts of it.
Result<fleet::SlotFacts> unseen(const fleet::Slot& slot, std::string folder,
                                const base::Error& error) {
  fleet::SlotFacts facts;
  facts.slot = slot;
  facts.folder = std::move(folder);
  if (error.code == Code::user_missing) {
    facts.user_exists = false;
    if (!facts.folder.empty()) facts.unsafe = error.message;  // the user is there, its home is not
  } else if (error.code == Code::file_unsafe) {
    facts.unsafe = error.message;
  } else {
    return error;
  }
  return facts;
}

}  // namespace

Slots::Slots(std::string environment, HostWorld world,
             std::function<Result<host::OsUser>()> server_user)
    : environment_(std::move(environment)),
      world_(std::move(world)),
      server_user_(std::move(server_user)) {
  if (!world_.now) world_.now = system_clock;
}

Result<SlotFiles> Slots::files_for_act(const fleet::Slot& slot) const {
  if (slot.kind == fleet::SlotKind::server)
    return server_files(world_.etc, slot, TRY(server_user_()));
  return client_files(environment_, slot, TRY(world_.find_user(slot.os_user)));
}

Result<SlotFiles> Slots::files_to_look(const fleet::Slot& slot) const {
  if (slot.kind == fleet::SlotKind::client) return files_for_act(slot);
  auto user = server_user_();
  return server_files(world_.etc, slot,
                      user ? std::optional<host::OsUser>(std::move(*user)) : std::nullopt);
}

Result<fleet::SlotFacts> Slots::look(const fleet::Slot& slot) {
  return std::move(look(std::vector<fleet::Slot>{slot}).front());
}

std::vector<Result<fleet::SlotFacts>> Slots::look(const std::vector<fleet::Slot>& slots) {
  std::vector<Result<SlotFiles>> places;
  std::vector<SlotFiles> known;
  for (const fleet::Slot& slot : slots) {
    places.push_back(files_to_look(slot));
    if (places.back()) known.push_back(*places.back());
  }
  const auto seen = actors_.see_all(known);
  std::vector<Result<fleet::SlotFacts>> looked;
  std::size_t next = 0;
  for (std::size_t i = 0; i < slots.size(); ++i) {
    if (!places[i]) {
      looked.push_back(unseen(slots[i], "", places[i].error()));
      continue;
    }
    const SlotFiles& files = known[next];
    const auto& slot = seen[next++];
    if (slot)
      looked.emplace_back(describe_slot(files, *slot));
    else
      looked.push_back(unseen(slots[i], files.folder(), slot.error()));
  }
  return looked;
}

template <class Decide>
Result<fleet::Answer> Slots::perform(const fleet::Act& act, const Decide& decide) {
  const SlotFiles files = TRY(files_for_act(act.slot));
  const SeenSlot seen = TRY(actors_.see(files));
  fleet::Answer answer;
  answer.before = in_words(describe_slot(files, seen));
  Decision decision = TRY(decide(Situation{files, seen, world_.now()}));
  answer.request = std::move(decision.request);
  if (!decision.changes.steps.empty())
    answer.changed = TRY(actors_.carry_out(files, decision.changes));
  answer.after = in_words(describe_slot(files, TRY(actors_.see(files))));
  return answer;
}

Result<fleet::Answer> Slots::make_key(const fleet::Act& act) {
  return perform(act, [&](const Situation& now) { return decide_key(now, act); });
}

Result<fleet::Answer> Slots::install_certificate(const fleet::Act& act) {
  auto answer =
      TRY(perform(act, [&](const Situation& now) { return decide_certificate(now, act); }));
  if (act.slot.kind == fleet::SlotKind::client && act.slot.place == fleet::SlotPlace::environment)
    add_service_entry(TRY(files_for_act(act.slot)), answer);
  return answer;
}

Result<fleet::Answer> Slots::install_trust(const fleet::Act& act) {
  return perform(act, [&](const Situation& now) { return decide_trust(now, act); });
}

Result<fleet::Answer> Slots::archive_slot(const fleet::Act& act) {
  return perform(act, [](const Situation& now) { return decide_archive(now); });
}

/// The pair is in place and works with explicit options, so an entry that cannot be written is a
/// finding and no failure.
void Slots::add_service_entry(const SlotFiles& files, fleet::Answer& answer) const {
  const ServiceEntry entry{"pgseal-" + environment_ + "-" + files.slot.name, files.slot.name,
                           files.path_of(files.certificate), files.path_of(files.key),
                           files.path_of(files.trust)};
  const auto written = write_service_entry(files.actor, entry);
  if (written) {
    answer.changed = answer.changed || *written;
    return;
  }
  base::Finding finding;
  finding.severity = base::Severity::warning;
  finding.code = "client.service-entry";
  finding.message = fmt::format("service \"{}\" could not be written to ~{}/.pg_service.conf",
                                base::printable_line(entry.section), files.actor.name);
  finding.detail = written.error().message;
  finding.hint = "Name the files by sslcert, sslkey and sslrootcert instead.";
  finding.clause = "postgresql libpq-pgservice";
  finding.slot = fleet::to_string(files.slot);
  answer.findings.push_back(std::move(finding));
}

}  // namespace slots
