// SPDX-License-Identifier: PostgreSQL
// What both the facts and the decisions ask of a slot's files. Internal to the slots of node/.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "slots/store.h"
#include "x509/certificate.h"
#include "x509/pair.h"

namespace slots {

struct ReadCertificates {
  std::optional<x509::Certificate> leaf;
  std::vector<x509::Certificate> chain;
  std::string problem;  ///< why there is none in a file that exists
};
ReadCertificates read_certificates(const SeenFile& file);

/// PostgreSQL takes a key of 0600 or less of the user's own; libpq also root's of 0640 or less.
bool owner_good(const SlotFiles& files, const host::FileState& state);
bool mode_good(const SlotFiles& files, const host::FileState& state);
/// Why whoever this file is for (the server's user, the client's) cannot rely on it: others may
/// write it, or the user may not read it. "" where it can.
std::string public_file_problem(const SlotFiles& files, const host::FileState& state);
bool public_file_good(const SlotFiles& files, const host::FileState& state);

}  // namespace slots
