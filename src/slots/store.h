// SPDX-License-Identifier: PostgreSQL
// What lies in a slot, read once as a value, and changes to it, carried out step by step. Between
// the two stand pure decisions (slot_changes.h): they parse and judge with OpenSSL in the parent,
// while this side touches files, in a child that has become their owner, and judges nothing.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"
#include "host/folder.h"
#include "slots/files.h"

namespace slots {

struct SeenFile {
  host::FileState state;
  std::string bytes;    ///< of a regular file that can be read
  std::string problem;  ///< why there are none: "could not open …: Permission denied"
  [[nodiscard]] bool exists() const { return state.exists(); }
  [[nodiscard]] bool readable() const { return state.exists() && problem.empty(); }
};

struct SeenSlot {
  bool folder = false;  ///< the slot's folder exists
  SeenFile key;         ///< the same as `certificate` where one file holds both
  SeenFile certificate;
  SeenFile trust;
  SeenFile pending;
};

struct Wanted {
  std::string name;
  std::string bytes;
  host::Ownership ownership;
};

/// Three kinds, all repeatable: what an interrupted run has done already is found done.
struct Step {
  enum class Kind {
    keep,    ///< `names` are copied into the archive's folder `label` (moved, if unreadable)
    put,     ///< `files` are staged, then renamed in this order
    remove,  ///< `names`, which the archive or another file holds
  };
  Kind kind = Kind::put;
  std::vector<Wanted> files;
  std::vector<std::string> names;
  std::string label;  ///< keep: "20270331T120000Z-1f2e…": time, then digest of the content
  std::string text;   ///< keep: what the index says after the label, one line
};

/// A file as the decision saw it.
struct Expected {
  std::string name;
  host::FileState state;
};

struct Changes {
  std::vector<Expected> expected;  ///< another state now: file_changed, nothing is done
  std::vector<Step> steps;
};

/// Leftovers of a killed run go first. False where all that was asked is a `keep` of what the
/// archive holds. Errors: file_changed, file_unsafe, file_io.
base::Result<bool> carry_out(const SlotFiles& files, const Changes& changes);

/// Runs `work` as whoever owns the folders: directly for root's own /etc/pgseal, else in a child.
base::Result<std::string> as_actor(const SlotFiles& files,
                                   const std::function<base::Result<std::string>()>& work);

// ---- for a child that is kept (actors.h) --------------------------------------------------------

/// The child's halves: what it sees of slots that it owns, packed, and its changes; "" none.
std::string see_packed(const std::vector<SlotFiles>& group);
base::Result<std::string> carry_out_here(const SlotFiles& files, const Changes& changes);

/// The parent's: each slot with its own outcome, in their order; `ask` gives `see_packed` of those
/// that one actor owns. Errors: file_unsafe, naming what is wrong, where a folder is not safe or
/// one of the four names is no regular file; user_missing where there is no home.
using SeeGroup = std::function<base::Result<std::string>(const std::vector<SlotFiles>& group)>;
std::vector<base::Result<SeenSlot>> see_by(const std::vector<SlotFiles>& all, const SeeGroup& ask);
base::Result<bool> changed_by(const SlotFiles& files, base::Result<std::string> done);

/// Largest file that is read here; real ones have a few kilobytes, trust bundles up to 250 kB.
constexpr std::size_t slot_file_bytes = 4U << 20;

}  // namespace slots
