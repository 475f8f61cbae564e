// SPDX-License-Identifier: PostgreSQL
// A log in blocks of whole lines, in a buffer of one size, however long the log or a line of it is.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace server_log {

/// Fills a part of the buffer and gives its length; 0 at the end.
using Read = std::function<base::Result<std::size_t>(char* to, std::size_t room)>;

/// Whole lines, each with its newline; or, where the buffer does not hold one, a part of it.
struct Block {
  std::string_view text;  ///< until the next block is asked for
  bool begins = true;     ///< whether a line begins with it
  bool ends = true;       ///< whether it ends with a newline
};

class Blocks {
 public:
  static constexpr std::size_t usual_buffer = std::size_t(256) << 10U;

  explicit Blocks(Read read, std::size_t buffer = usual_buffer)
      : read_(std::move(read)), buffer_(buffer) {}

  /// False at the end. Errors are those of the reading.
  base::Result<bool> next(Block& block);

 private:
  base::Result<void> fill();

  Read read_;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;  ///< of what was not given yet
  std::size_t end_ = 0;
  bool at_end_ = false;
  bool within_line_ = false;
};

}  // namespace server_log
