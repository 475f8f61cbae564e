// SPDX-License-Identifier: PostgreSQL
// Who beats our ssl.conf. PostgreSQL takes the last assignment that it reads, postgresql.auto.conf
// after all others, and the command line before any file ("Setting Parameters" of the manual):
// where somebody else decides, no reload helps, and only a person can undo it.
#pragma once

#include <string>
#include <string_view>

#include "fleet/facts.h"

namespace audit {

/// The setting in force, or in force after a reload, that is not as our ssl.conf in `folder` says
/// or will say; with its place. Null where ours counts. `min_protocol`: "" left to the server.
const fleet::SettingFact* overriding(const fleet::ServerFacts& server, const std::string& folder,
                                     std::string_view min_protocol);

/// "ssl = 'off' beats pgseal's ssl.conf".
std::string sentence_of(const fleet::SettingFact& by);

/// What a person does about it.
std::string undo(const fleet::SettingFact& by);

}  // namespace audit
