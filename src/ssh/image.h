// SPDX-License-Identifier: PostgreSQL
// The node's executable as this controller has it: what hosts are compared with, and what they get.
#pragma once

#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"

namespace ssh {

/// Measured once, at the first host that needs it, block by block; held in memory only where a host
/// lacks it. Safe to ask from several threads.
class NodeImage {
 public:
  explicit NodeImage(std::string path) : path_(std::move(path)) {}

  struct Facts {
    std::string sha256;  ///< hexadecimal
    std::size_t size = 0;
  };
  /// Error link_install where the file cannot be read here.
  base::Result<Facts> facts();
  /// The bytes as gzip (RFC 1952), made at the first host that lacks them; lives as long as this.
  base::Result<const std::string*> gzip();

 private:
  base::Result<Facts> measure() const;

  std::mutex mutex_;
  std::string path_;
  std::optional<Facts> facts_;
  std::string gzip_;
};

}  // namespace ssh
