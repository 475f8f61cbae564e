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
  auto* const before = static_cast<char*>(::sbrk(0));
  if (::mallopt(M_MMAP_THRESHOLD, longest_list) == 0 || ::mallopt(M_TRIM_THRESHOLD, step) == 0 ||
      ::mallopt(M_TOP_PAD, step) == 0)
    return;
  // More than the heap has left: it grows, by M_TOP_PAD beyond what is asked. Volatile: a compiler
  // may leave out what is given back at once.
  void* volatile grown = std::malloc(large_page);
  if (grown == nullptr) return;
  // Behind it the allocator has written what it knows of the rest: such a page stays a small one.
  const std::ptrdiff_t written = static_cast<char*>(grown) + large_page - before;
  std::free(grown);
  auto* const after = static_cast<char*>(::sbrk(0));
  const auto past = [](const char* place, std::size_t page) {
    return reinterpret_cast<std::uintptr_t>(place) % page;
  };
  if (written <= 0 || written >= after - before) return;  // it came from elsewhere
  char* const begin = before + written + (large_page - past(before + written, large_page));
  char* const end = after - past(after, large_page);
  if (begin >= end) return;
  // Both are advice: a kernel without large pages, or before 5.14, does as before.
  (void)::madvise(begin, static_cast<std::size_t>(end - begin), MADV_HUGEPAGE);
  // The small ones before the first large one are had in one call.
  const auto small_page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  char* const first = before + (small_page - past(before, small_page)) % small_page;
  (void)::madvise(first, static_cast<std::size_t>(begin - first), MADV_POPULATE_WRITE);
}

}  // namespace base
