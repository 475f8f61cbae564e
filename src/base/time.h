// SPDX-License-Identifier: PostgreSQL
// Points in time are whole seconds of UTC, passed as an argument named `at`; no clock is read below
// main.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace base {

using Time = std::chrono::sys_seconds;
using Days = std::chrono::days;

/// "2027-03-31 12:00:00Z"
std::string format_time(Time at);
/// "2027-03-31"
std::string format_date(Time at);
/// Whole days from `from` to `to`, rounded down; negative when past.
int days_between(Time from, Time to);

}  // namespace base
