// SPDX-License-Identifier: PostgreSQL
// The thread that writes: whatever waits when it comes round shares one commit, so that many hosts'
// entries wait for the disk once. Knows threads and waiting, nothing of what is written.
#pragma once

#include <atomic>
#include <condition_variable>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "base/result.h"

namespace ledger {

class Writer {
 public:
  using Body = std::function<base::Result<void>()>;

  /// One caller's entry; `body` lives as long as the caller sleeps.
  struct Entry {
    explicit Entry(const Body& what) : body(what) {}
    const Body& body;
    std::optional<base::Result<void>> outcome;  ///< what the caller is told
    std::exception_ptr thrown;                  ///< or what reaches it as an exception
    bool done = false;
    std::condition_variable ended;
  };
  using Entries = std::vector<std::shared_ptr<Entry>>;
  /// Gives every entry its outcome.
  using Commit = std::function<void(const Entries&)>;

  explicit Writer(Commit commit) : commit_(std::move(commit)) {}
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer();

  /// Runs `body` in the writer's thread, together with what others want written. Throws what it
  /// throws. The thread begins with the first call.
  base::Result<void> write(const Body& body);

  /// How many the next commit will have.
  [[nodiscard]] std::size_t waiting();

  /// Whether the caller is a body that the writer runs.
  [[nodiscard]] bool is_this_thread() const {
    return std::this_thread::get_id() == id_.load(std::memory_order_acquire);
  }

 private:
  void serve();

  Commit commit_;
  std::mutex mutex_;
  std::condition_variable wanted_;
  Entries waiting_;
  bool closing_ = false;
  std::atomic<std::thread::id> id_;
  std::thread thread_;
};

}  // namespace ledger
