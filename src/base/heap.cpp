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
  std::free(grown);
  auto* const after = static_cast<char*>(::sbrk(0));
  const auto past = [](const char* place) {
    return reinterpret_cast<std::uintptr_t>(place) % large_page;
  };
  char* const begin = before + (large_page - past(before));
  char* const end = after - past(after);
  // Advice: a kernel without large pages does as before.
  if (begin < end) (void)::madvise(begin, static_cast<std::size_t>(end - begin), MADV_HUGEPAGE);
}

}  // namespace base
