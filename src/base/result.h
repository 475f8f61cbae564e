// SPDX-License-Identifier: PostgreSQL
// Result<T>: a value or an Error, never dropped silently. A class of our own around tl::expected,
// because an alias cannot be [[nodiscard]]. With C++23 this file becomes std::expected.
#pragma once

#include <tl/expected.hpp>
#include <utility>

#include "base/error.h"

namespace base {

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : held_(std::move(value)) {}  // NOLINT: implicit on purpose
  Result(Error error) : held_(tl::unexpected<Error>(std::move(error))) {}  // NOLINT

  explicit operator bool() const { return held_.has_value(); }
  T& operator*() & { return *held_; }
  const T& operator*() const& { return *held_; }
  T* operator->() { return &*held_; }
  const T* operator->() const { return &*held_; }
  T&& value() && { return std::move(*held_); }
  const Error& error() const& { return held_.error(); }
  Error&& error() && { return std::move(held_.error()); }

 private:
  tl::expected<T, Error> held_;
};

template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : held_(tl::unexpected<Error>(std::move(error))) {}  // NOLINT

  explicit operator bool() const { return held_.has_value(); }
  void value() && {}
  const Error& error() const& { return held_.error(); }
  Error&& error() && { return std::move(held_.error()); }

 private:
  tl::expected<void, Error> held_;
};

}  // namespace base

/// The value of a Result, or out of the function with its error. The only macro of the project.
#define TRY(expression)                                      \
  ({                                                         \
    auto try_result_ = (expression);                         \
    if (!try_result_) return std::move(try_result_).error(); \
    std::move(try_result_).value();                          \
  })
