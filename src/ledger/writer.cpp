// SPDX-License-Identifier: PostgreSQL
#include "ledger/writer.h"

#include <utility>

namespace ledger {

Writer::~Writer() {
  {
    const std::lock_guard lock(mutex_);
    closing_ = true;
  }
  wanted_.notify_one();
  if (thread_.joinable()) thread_.join();
}

base::Result<void> Writer::write(const Body& body) {
  const auto entry = std::make_shared<Entry>(body);
  {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
    waiting_.push_back(entry);
    if (waiting_.size() == 1) wanted_.notify_one();
    entry->ended.wait(lock, [&] { return entry->done; });
  }
  // Taken out of the entry: the writer's thread, which may be its last holder, would destroy what
  // is still being looked at here.
  if (entry->thrown) std::rethrow_exception(std::exchange(entry->thrown, nullptr));
  return std::move(*entry->outcome);
}

std::size_t Writer::waiting() {
  const std::lock_guard lock(mutex_);
  return waiting_.size();
}

void Writer::serve() {
  id_.store(std::this_thread::get_id(), std::memory_order_release);
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const Entries group = std::exchange(waiting_, {});
    lock.unlock();
    commit_(group);
    lock.lock();
    for (const auto& entry : group) entry->done = true;
    lock.unlock();
    // Without the lock, or each would wake only to wait for it.
    for (const auto& entry : group) entry->ended.notify_one();
    lock.lock();
  }
}

}  // namespace ledger
