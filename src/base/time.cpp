// SPDX-License-Identifier: PostgreSQL
#include "base/time.h"

#include <fmt/format.h>

namespace base {
namespace {

std::string date_of(std::chrono::sys_days day) {
  const std::chrono::year_month_day date(day);
  const int year = static_cast<int>(date.year());
  if (year < 1000 || year > 9999)
    return fmt::format("{:04}-{:02}-{:02}", year, static_cast<unsigned>(date.month()),
                       static_cast<unsigned>(date.day()));
  // The digits alone: a status writes ten thousand dates, and to read the pattern costs more.
  std::string text = "0000-00-00";
  const auto put = [&](std::size_t last, unsigned number) {
    for (; number > 0; number /= 10) text[last--] = static_cast<char>('0' + number % 10);
  };
  put(3, static_cast<unsigned>(year));
  put(6, static_cast<unsigned>(date.month()));
  put(9, static_cast<unsigned>(date.day()));
  return text;
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
