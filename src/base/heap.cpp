// SPDX-License-Identifier: PostgreSQL
#include "base/heap.h"

#include <malloc.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>

namespace base {

void expect_heap(std::size_t bytes) {
  constexpr std::size_t large_page = std::size_t{2} << 20;
  constexpr int longest_list = 32 << 20;  // the highest that mallopt(3) takes
  constexpr std::size_t most = std::size_t{256} << 20;
  const int step = static_cast<int>(std::min(bytes, most));
  const auto* const before = static_cast<const char*>(::sbrk(0));
  if (::mallopt(M_MMAP_THRESHOLD, longest_list) == 0 || ::mallopt(M_TRIM_THRESHOLD, step) == 0 ||
      ::mallopt(M_TOP_PAD, step) == 0)
    return;
  // More than the heap has left: it grows, by M_TOP_PAD beyond what is asked. Volatile: a compiler
  // may leave out what is given back at once.
  void* volatile grown = std::malloc(large_page);
  std::free(grown);
  const auto end = reinterpret_cast<std::uintptr_t>(::sbrk(0)) / large_page * large_page;
  const auto begin = (reinterpret_cast<std::uintptr_t>(before) / large_page + 1) * large_page;
  // Advice: a kernel without large pages does as before.
  if (begin < end) (void)::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
}

}  // namespace base
