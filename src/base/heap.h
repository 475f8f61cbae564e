// SPDX-License-Identifier: PostgreSQL
// Memory for what is large by its nature: the configuration of ten thousand hosts and all that is
// made of it.
#pragma once

#include <cstddef>

namespace base {

/// The heap grows by `bytes` at once, on large pages where the kernel has them, and what is freed
/// stays with it. A page at a time costs a fault each, which on a virtual machine is more than all
/// that is done with the page. Changes nothing else; where the system refuses, nothing at all.
void expect_heap(std::size_t bytes);

}  // namespace base
