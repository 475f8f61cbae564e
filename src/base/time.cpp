// SPDX-License-Identifier: PostgreSQL
#include "base/time.h"

#include <fmt/format.h>

namespace base {
namespace {

std::string date_of(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  return fmt::format("{:04}-{:02}-{:02}", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()));
}

}  // namespace

std::string format_date(Time at) { return date_of(std::chrono::floor<Days>(at)); }

std::string format_time(Time at) {
  const auto day = std::chrono::floor<Days>(at);
  const std::chrono::hh_mm_ss clock(at - day);
  return fmt::format("{} {:02}:{:02}:{:02}Z", date_of(day), clock.hours().count(),
                     clock.minutes().count(), clock.seconds().count());
}

int days_between(Time from, Time to) {
  return static_cast<int>(std::chrono::floor<Days>(to - from).count());
}

}  // namespace base
