// SPDX-License-Identifier: PostgreSQL
// The acts on slots: see, decide, carry out, see again. Each can be repeated; each answers with
// what was there before and what is there after, and the latter is looked at, not assumed.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "fleet/act.h"
#include "fleet/facts.h"
#include "host/child.h"
#include "slots/actors.h"
#include "slots/store.h"

namespace slots {

/// The host as the engine finds it; a test gives its own folders and users.
struct HostWorld {
  std::string etc = "/etc/pgseal";
  std::string lock = "/run/pgseal-node.lock";
  std::function<base::Result<host::OsUser>(const std::string&)> find_user = host::find_user;
  std::function<base::Time()> now;  ///< empty: the system's clock
};

class Slots {
 public:
  /// `server_user` says who owns a server slot's key; asked only where that matters.
  Slots(std::string environment, HostWorld world,
        std::function<base::Result<host::OsUser>()> server_user);

  /// What lies there. A missing user, a planted link, a broken file are facts; errors are only
  /// what kept us from looking (file_io, internal).
  base::Result<fleet::SlotFacts> look(const fleet::Slot& slot);

  /// The same of several, in their order, each with its own outcome.
  std::vector<base::Result<fleet::SlotFacts>> look(const std::vector<fleet::Slot>& slots);

  /// Errors of all acts: user_missing, file_unsafe, file_changed, file_io, and those named.
  base::Result<fleet::Answer> make_key(const fleet::Act& act);             ///< key
  base::Result<fleet::Answer> install_certificate(const fleet::Act& act);  ///< key, certificate
  base::Result<fleet::Answer> install_trust(const fleet::Act& act);        ///< certificate
  /// Copies what is there into the archive and leaves it in its place.
  base::Result<fleet::Answer> archive_slot(const fleet::Act& act);

 private:
  [[nodiscard]] base::Result<SlotFiles> files_for_act(const fleet::Slot& slot) const;
  [[nodiscard]] base::Result<SlotFiles> files_to_look(const fleet::Slot& slot) const;
  void add_service_entry(const SlotFiles& files, fleet::Answer& answer) const;
  template <class Decide>
  base::Result<fleet::Answer> perform(const fleet::Act& act, const Decide& decide);

  std::string environment_;
  HostWorld world_;
  std::function<base::Result<host::OsUser>()> server_user_;
  Actors actors_;
};

}  // namespace slots
