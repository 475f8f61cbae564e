// SPDX-License-Identifier: PostgreSQL
#include "base/time.h"

#include <fmt/format.h>

namespace base {
namespace {

std::string date_of(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  if (year >= 0 && year <= 9999) {  // lists of ten thousand certificates have as many dates
    const auto digits = static_cast<unsigned>(year) * 10000 +
                        static_cast<unsigned>(date.month()) * 100 +
                        static_cast<unsigned>(date.day());
    std::string text = "0000-00-00";
    unsigned rest = digits;
    for (const std::size_t place : {9U, 8U, 6U, 5U, 3U, 2U, 1U, 0U}) {
      text[place] = static_cast<char>('0' + rest % 10);
      rest /= 10;
    }
    return text;
  }
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
