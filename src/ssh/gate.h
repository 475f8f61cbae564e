// SPDX-License-Identifier: PostgreSQL
// A bounded number at once. Whoever comes too early waits: everyone inside has a deadline.
#pragma once

#include <condition_variable>
#include <mutex>
#include <utility>

namespace ssh {

class Gate {
 public:
  explicit Gate(int places) : free_(places) {}

  /// A place inside, given back when destroyed.
  class Pass {
   public:
    explicit Pass(Gate& gate) : gate_(&gate) {
      std::unique_lock lock(gate.mutex_);
      gate.changed_.wait(lock, [&gate] { return gate.free_ > 0; });
      --gate.free_;
    }
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;
    Pass(Pass&& other) noexcept : gate_(std::exchange(other.gate_, nullptr)) {}
    Pass& operator=(Pass&&) = delete;
    ~Pass() {
      if (gate_ == nullptr) return;
      const std::lock_guard lock(gate_->mutex_);
      ++gate_->free_;
      gate_->changed_.notify_one();
    }

   private:
    Gate* gate_;
  };

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int free_;
};

}  // namespace ssh
