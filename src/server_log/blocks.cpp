// SPDX-License-Identifier: PostgreSQL
#include "server_log/blocks.h"

#include <cstring>

namespace server_log {

base::Result<void> Blocks::fill() {
  if (begin_ > 0) std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
  end_ -= begin_;
  begin_ = 0;
  while (!at_end_ && end_ < buffer_.size()) {
    const std::size_t got = TRY(read_(buffer_.data() + end_, buffer_.size() - end_));
    end_ += got;
    at_end_ = got == 0;
  }
  return {};
}

base::Result<bool> Blocks::next(Block& block) {
  TRY(fill());
  if (begin_ == end_) return false;
  const std::string_view there(buffer_.data() + begin_, end_ - begin_);
  const std::size_t newline = there.rfind('\n');
  block.text = there.substr(0, newline == std::string_view::npos ? newline : newline + 1);
  block.begins = !within_line_;
  block.ends = newline != std::string_view::npos;
  within_line_ = !block.ends;
  begin_ += block.text.size();
  return true;
}

}  // namespace server_log
