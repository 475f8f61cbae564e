// SPDX-License-Identifier: PostgreSQL
// PEM (RFC 7468): the blocks of a text, where each begins, and their bytes. Internal to x509/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace x509::pem {

struct Block {
  std::string_view label;  ///< "CERTIFICATE"
  std::string_view text;   ///< from "-----BEGIN" to the end of the END line
  std::string_view body;   ///< between both lines
  int number = 0;          ///< 1-based, among the blocks of the text
  int line = 0;            ///< 1-based line of BEGIN
};

/// All blocks in order; text between is passed over. A BEGIN without its END is an error with
/// `code`. Views into `text`.
base::Result<std::vector<Block>> blocks(std::string_view text, base::Code code);

/// The bytes of a body, blanks and line ends passed over; an error with `code` naming the block.
base::Result<std::string> bytes(const Block& block, base::Code code);

/// "PRIVATE KEY", "EC PRIVATE KEY", "ENCRYPTED PRIVATE KEY" …
bool is_private_key(const Block& block);
bool is_certificate(const Block& block);

/// One block, lines of 64 (RFC 7468 section 2).
std::string encode(std::string_view label, std::string_view bytes);

/// "block 2, at line 31"
std::string place(const Block& block);

}  // namespace x509::pem
