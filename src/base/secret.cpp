// SPDX-License-Identifier: PostgreSQL
#include "base/secret.h"

#include <string.h>

#include <utility>

namespace base {

// A short string lives inside the object: a move copies it, so the source is wiped here too.
// NOLINTNEXTLINE(performance-move-constructor-init)
Secret::Secret(Secret&& other) noexcept : bytes_(other.bytes_) { other.wipe(); }

Secret& Secret::operator=(Secret&& other) noexcept {
  if (this == &other) return *this;
  wipe();
  bytes_ = other.bytes_;
  other.wipe();
  return *this;
}

Secret::~Secret() { wipe(); }

void Secret::trim_newline() {
  if (!bytes_.empty() && bytes_.back() == '\n') bytes_.pop_back();
  if (!bytes_.empty() && bytes_.back() == '\r') bytes_.pop_back();
}

void Secret::wipe() {
  explicit_bzero(bytes_.data(), bytes_.size());
  bytes_.clear();
}

}  // namespace base
