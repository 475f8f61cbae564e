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
  Entry entry(body);
  {
    std::unique_lock lock(mutex_);
    if (!thread_.joinable()) thread_ = std::thread([this] { serve(); });
    waiting_.push_back(&entry);
    if (waiting_.size() == 1) wanted_.notify_one();
    entry.ended.wait(lock, [&] { return entry.done; });
  }
  if (entry.thrown) std::rethrow_exception(entry.thrown);
  return std::move(*entry.outcome);
}

void Writer::serve() {
  id_.store(std::this_thread::get_id(), std::memory_order_release);
  std::unique_lock lock(mutex_);
  for (;;) {
    wanted_.wait(lock, [&] { return closing_ || !waiting_.empty(); });
    if (waiting_.empty()) return;
    const std::vector<Entry*> group = std::exchange(waiting_, {});
    lock.unlock();
    commit_(group);
    lock.lock();
    for (Entry* entry : group) {
      entry->done = true;
      // Under the lock: once it is free the entry may be gone.
      entry->ended.notify_one();
    }
  }
}

}  // namespace ledger
