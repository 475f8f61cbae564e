// SPDX-License-Identifier: PostgreSQL
#include "base/time.h"

#include <doctest/doctest.h>
#include <time.h>

#include <string>

TEST_CASE("a date is written as strftime(3) writes it, on every day of a thousand years") {
  int different = 0;
  for (int day = 0; day < 366'000; ++day) {
    const base::Time at = base::Time() + base::Days(day) + std::chrono::hours(23);
    const std::time_t seconds = at.time_since_epoch().count();
    std::tm parts{};
    ::gmtime_r(&seconds, &parts);
    char expected[32];
    ::strftime(expected, sizeof expected, "%Y-%m-%d", &parts);
    if (base::format_date(at) != expected) ++different;
  }
  CHECK(different == 0);
}

TEST_CASE("a date of a year before 1000 keeps its four digits") {
  const base::Time at = std::chrono::sys_days(std::chrono::year_month_day(
      std::chrono::year(987), std::chrono::month(6), std::chrono::day(5)));
  CHECK(base::format_date(at) == "0987-06-05");
}
