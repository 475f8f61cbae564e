// SPDX-License-Identifier: PostgreSQL
#include "slots/actors.h"

#include <string.h>

#include <charconv>
#include <type_traits>
#include <utility>

#include "base/pack.h"

namespace slots {
namespace {

using base::Code;
using base::Result;

constexpr std::chrono::seconds answer_limit{20};
/// It holds nothing open that others could need.
constexpr std::chrono::hours rest_never{24};

// ---- questions as bytes -------------------------------------------------------------------------

static_assert(std::is_trivially_copyable_v<host::FileState>);
static_assert(std::is_trivially_copyable_v<host::Ownership>);

template <class T>
std::string bytes_of(const T& value) {
  std::string bytes(sizeof value, '\0');
  ::memcpy(bytes.data(), &value, sizeof value);
  return bytes;
}

base::Error broken() {
  return base::error(Code::internal, "a child was asked for changes in another form");
}

template <class T>
Result<T> from_bytes(const std::string& bytes) {
  T value{};
  if (bytes.size() != sizeof value) return broken();
  ::memcpy(&value, bytes.data(), sizeof value);
  return value;
}

/// The numbers of SlotFiles; the key's owner is the parent's concern.
struct Numbers {
  fleet::SlotKind kind;
  fleet::SlotPlace place;
  uid_t uid;
  gid_t gid;
  mode_t folder_mode;
  mode_t archive_mode;
};

std::string pack_files(const SlotFiles& files) {
  const Numbers numbers{files.slot.kind, files.slot.place,  files.actor.uid,
                        files.actor.gid, files.folder_mode, files.archive_mode};
  return base::pack({bytes_of(numbers), files.slot.name, files.slot.os_user, files.actor.name,
                     files.actor.home, files.base, base::pack(files.folders),
                     base::pack(files.archive), files.key, files.certificate, files.trust,
                     files.pending});
}

Result<SlotFiles> unpack_files(const std::string& bytes) {
  const std::vector<std::string> items = TRY(base::unpack(bytes));
  if (items.size() != 12) return broken();
  const auto numbers = TRY(from_bytes<Numbers>(items[0]));
  SlotFiles files;
  files.slot.kind = numbers.kind;
  files.slot.place = numbers.place;
  files.slot.name = items[1];
  files.slot.os_user = items[2];
  files.actor = {items[3], numbers.uid, numbers.gid, items[4]};
  files.base = items[5];
  files.folders = TRY(base::unpack(items[6]));
  files.archive = TRY(base::unpack(items[7]));
  files.folder_mode = numbers.folder_mode;
  files.archive_mode = numbers.archive_mode;
  files.key = items[8];
  files.certificate = items[9];
  files.trust = items[10];
  files.pending = items[11];
  return files;
}

std::string pack_step(const Step& step) {
  std::vector<std::string> files;
  for (const Wanted& file : step.files)
    files.push_back(base::pack({file.name, file.bytes, bytes_of(file.ownership)}));
  return base::pack(
      {bytes_of(step.kind), base::pack(files), base::pack(step.names), step.label, step.text});
}

Result<Step> unpack_step(const std::string& bytes) {
  const std::vector<std::string> items = TRY(base::unpack(bytes));
  if (items.size() != 5) return broken();
  Step step;
  step.kind = TRY(from_bytes<Step::Kind>(items[0]));
  for (const std::string& packed : TRY(base::unpack(items[1]))) {
    const std::vector<std::string> file = TRY(base::unpack(packed));
    if (file.size() != 3) return broken();
    step.files.push_back({ file[0], file[1], TRY(from_bytes<host::Ownership>(file[2])) });
  }
  step.names = TRY(base::unpack(items[2]));
  step.label = items[3];
  step.text = items[4];
  return step;
}

std::string pack_changes(const Changes& changes) {
  std::vector<std::string> expected;
  for (const Expected& file : changes.expected)
    expected.push_back(base::pack({file.name, bytes_of(file.state)}));
  std::vector<std::string> steps;
  for (const Step& step : changes.steps) steps.push_back(pack_step(step));
  return base::pack({base::pack(expected), base::pack(steps)});
}

Result<Changes> unpack_changes(const std::string& bytes) {
  const std::vector<std::string> items = TRY(base::unpack(bytes));
  if (items.size() != 2) return broken();
  Changes changes;
  for (const std::string& packed : TRY(base::unpack(items[0]))) {
    const std::vector<std::string> file = TRY(base::unpack(packed));
    if (file.size() != 2) return broken();
    changes.expected.push_back({ file[0], TRY(from_bytes<host::FileState>(file[1])) });
  }
  for (const std::string& packed : TRY(base::unpack(items[1])))
    changes.steps.push_back(TRY(unpack_step(packed)));
  return changes;
}

// ---- in the child -------------------------------------------------------------------------------

class Deeds : public host::Worker::Duty {
 public:
  Result<std::string> answer(std::string_view question) override {
    const std::vector<std::string> items = TRY(base::unpack(question));
    if (items.empty()) return broken();
    std::vector<SlotFiles> slots;
    for (std::size_t i = 1; i < items.size(); ++i) slots.push_back(TRY(unpack_files(items[i])));
    if (items[0].empty()) return see_packed(slots);
    if (slots.size() != 1) return broken();
    return carry_out_here(slots.front(), TRY(unpack_changes(items[0])));
  }
  void rest() override {}
};

bool is_roots_own(const SlotFiles& files) { return files.slot.kind == fleet::SlotKind::server; }

void wipe(std::string& bytes) { ::explicit_bzero(bytes.data(), bytes.size()); }

}  // namespace

// ---- in the parent ------------------------------------------------------------------------------

Result<std::string> Actors::ask(const host::OsUser& user, const std::string& question) {
  std::unique_ptr<host::Worker>& worker = workers_[user.uid];
  if (worker == nullptr || worker->over() || worker->user() != user) {
    Deeds deeds;
    worker.reset();
    worker = TRY(host::Worker::start(user, rest_never, deeds));
  }
  return worker->ask(question, answer_limit);
}

std::vector<Result<SeenSlot>> Actors::see_all(const std::vector<SlotFiles>& all) {
  return see_by(all, [&](const std::vector<SlotFiles>& group) -> Result<std::string> {
    if (is_roots_own(group.front())) return see_packed(group);
    std::vector<std::string> question = {""};
    for (const SlotFiles& files : group) question.push_back(pack_files(files));
    return ask(group.front().actor, base::pack(question));
  });
}

Result<SeenSlot> Actors::see(const SlotFiles& files) { return std::move(see_all({files}).front()); }

Result<bool> Actors::carry_out(const SlotFiles& files, const Changes& changes) {
  if (is_roots_own(files)) return slots::carry_out(files, changes);
  std::string packed = pack_changes(changes);
  std::string question = base::pack({packed, pack_files(files)});
  auto done = ask(files.actor, question);
  wipe(packed);  // a private key is in them
  wipe(question);
  return changed_by(files, std::move(done));
}

}  // namespace slots
