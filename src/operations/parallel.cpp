// SPDX-License-Identifier: PostgreSQL
#include "operations/parallel.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <thread>
#include <vector>

namespace operations {

void in_parallel(std::size_t count, std::size_t bound, const std::function<void(std::size_t)>& work,
                 const std::function<void(std::size_t, const char*)>& on_throw) {
  std::atomic<std::size_t> next{0};
  const auto worker = [&] {
    for (std::size_t index = next++; index < count; index = next++) {
      try {
        work(index);
      } catch (const std::exception& thrown) {
        on_throw(index, thrown.what());
      }
    }
  };
  const std::size_t size = std::min(count, std::max<std::size_t>(1, bound));
  if (size == 1) return worker();
  std::vector<std::jthread> threads;
  threads.reserve(size);
  for (std::size_t i = 0; i < size; ++i) threads.emplace_back(worker);
}

}  // namespace operations
