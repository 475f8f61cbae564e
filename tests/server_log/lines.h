// SPDX-License-Identifier: PostgreSQL
// Lines of logs as servers write them.
#pragma once

#include <fmt/format.h>

#include <string>

namespace logs {

inline const std::string at = "2026-01-31 09:00:00.123 CET ";

/// A line of a stderr log under Debian's prefix.
inline std::string line(int process, const std::string& names, const std::string& message) {
  return fmt::format("{}[{}] {} {}\n", at, process, names, message);
}

inline std::string received(int process, const std::string& host = "10.0.0.7") {
  return line(process, "[unknown]@[unknown]",
              fmt::format("LOG:  connection received: host={} port=5000", host));
}

inline std::string authorized(int process, const std::string& user = "app") {
  return line(process, user + "@shop",
              fmt::format("LOG:  connection authorized: user={} database=shop", user));
}

inline std::string csv(int process, const std::string& user, const std::string& severity,
                       const std::string& message, const std::string& session = "65a1b2c3") {
  const std::string name = user.empty() ? "" : "\"" + user + "\"";
  const std::string database = user.empty() ? "" : "\"shop\"";
  return fmt::format(
      "{}{},{},{},\"10.0.0.7:5000\",{}.{:x},1,\"authentication\",2026-01-31 09:00:00 "
      "CET,3/0,0,{},00000,"
      "\"{}\",,,,,,,,,\"web\",\"client backend\",,0\n",
      at.substr(0, at.size() - 1) + ",", name, database, process, session, process, severity,
      message);
}

inline std::string json(int process, const std::string& user, const std::string& message) {
  const std::string names =
      user.empty() ? "" : fmt::format("\"user\":\"{}\",\"dbname\":\"shop\",", user);
  return fmt::format(
      "{{\"timestamp\":\"2026-01-31 09:00:00.123 CET\",{}\"pid\":{},\"remote_host\":\"10.0.0.7\","
      "\"remote_port\":5000,\"session_id\":\"65a1b2c3.{:x}\",\"line_num\":1,\"error_severity\":"
      "\"LOG\",\"message\":\"{}\",\"backend_type\":\"client backend\",\"query_id\":0}}\n",
      names, process, process, message);
}

}  // namespace logs
