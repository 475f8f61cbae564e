// SPDX-License-Identifier: PostgreSQL
// The same work for many hosts at once, with a bound. What a worker throws is a mistake of ours: it
// is caught here, at the host that it belongs to, and nobody else's work suffers.
#pragma once

#include <cstddef>
#include <functional>

namespace operations {

/// Calls `work(0)` … `work(count - 1)`, at most `bound` at a time, and waits for all. `work` may
/// throw; then `on_throw(index, text)` is called in its thread instead of it.
void in_parallel(std::size_t count, std::size_t bound, const std::function<void(std::size_t)>& work,
                 const std::function<void(std::size_t, const char*)>& on_throw);

}  // namespace operations
