// SPDX-License-Identifier: PostgreSQL
// What a server tells about itself that a judgement of its pg_hba.conf depends on. Any role may ask
// for it.
#pragma once

#include <string>

#include "admission/roles.h"
#include "hba/rule.h"
#include "hba/version.h"
#include "hba_lint/server_facts.h"
#include "survey/conversation.h"

namespace survey {

struct Catalog {
  hba::Version version;  ///< the newest that is known where the server is newer
  bool newer = false;
  std::string said_version;  ///< "15.20 (Debian 15.20-0+deb12u1)"
  hba::ServerTraits traits;
  admission::Roles memberships;  ///< pg_auth_members, whole
  hba_lint::ServerFacts facts;
  Reached reached;
  std::string own_address;  ///< where the server took the connection; "": on a socket
};

/// Lists that belong together are asked for whole, or not at all.
Limits whole_lists();

/// Error server_query for what the server refuses, for a list beyond the limit too.
base::Result<Catalog> ask_catalog(Conversation& server);

}  // namespace survey
