// SPDX-License-Identifier: PostgreSQL
// An error is what happened when we tried and could not. It is flat, speaks as PostgreSQL does
// (message, detail, hint: "Error Message Style Guide" of its manual) and has a number that is never
// used twice. Every number has one row in error.cpp, from which docs/errors.md is made.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace base {

/// What went wrong. The hundreds are the process's exit status (see `exit_status`).
enum class Code : std::uint16_t {
  usage = 201,
  config_not_found = 1001,
  config_syntax = 1002,
  config_unknown_key = 1003,
  config_type = 1004,
  config_value = 1005,
  config_duplicate = 1006,
  config_reference = 1007,
  ledger_open = 1101,
  ledger_newer = 1102,
  ledger_corrupt = 1103,
  ledger_read_only = 1104,
  ledger_missing = 1105,
  ledger_foreign = 1106,
  ledger_full = 1107,
  locked = 1201,
  host_locked = 1202,
  authority_passphrase = 1301,
  authority_key_lost = 1302,
  authority_mismatch = 1303,
  authority_clock = 1304,
  authority_refused = 1305,
  authority_request = 1306,
  authority_key_exposed = 1307,
  link_unreachable = 1401,
  link_host_key_unknown = 1402,
  link_host_key_changed = 1403,
  link_login = 1404,
  link_sudo = 1405,
  link_architecture = 1406,
  link_lost = 1407,
  link_timeout = 1408,
  link_install = 1409,
  link_spawn = 1410,
  protocol_garbage = 1501,
  protocol_truncated = 1502,
  protocol_too_long = 1503,
  protocol_version = 1504,
  protocol_unknown = 1505,
  protocol_value = 1506,
  server_absent = 1601,
  server_ambiguous = 1602,
  server_down = 1603,
  server_socket = 1604,
  server_query = 1605,
  server_reload = 1606,
  server_settings = 1607,
  server_probe = 1608,
  server_replication = 1609,
  server_starting = 1610,
  server_connections = 1611,
  server_silent = 1612,
  server_library = 1613,
  server_connection = 1620,
  server_privilege = 1621,
  server_version = 1622,
  refused_mark = 1701,
  refused_preflight = 1702,
  refused_gate = 1703,
  refused_interrupted = 1704,
  refused_invariant = 1705,
  refused_unasked = 1706,
  refused_declined = 1707,
  refused_declared = 1708,
  file_io = 101,
  file_unsafe = 102,
  file_changed = 103,
  user_missing = 104,
  parse = 105,
  certificate = 106,
  key = 107,
  mark = 108,
  internal = 199,
};

/// One row of the manual's table of errors.
struct ErrorRow {
  Code code;
  std::string_view name;     ///< stable word for scripts, "link.unreachable"
  std::string_view meaning;  ///< one sentence
  std::string_view remedy;   ///< what a person does, one sentence
};

/// All rows, by number. A test walks them.
std::span<const ErrorRow> error_table();
const ErrorRow& error_row(Code code);

/// The exit status that a command ends with when `code` kept it from running: 1, 2 or 10 to 17.
int exit_status(Code code);

struct Error {
  Code code = Code::internal;
  std::string message;      ///< lower case, no full stop; names in double quotes
  std::string detail;       ///< full sentences, may be empty
  std::string hint;         ///< full sentences, may be empty
  std::string while_doing;  ///< what was under way, filled from the inside out: "a: b"

  Error with_detail(std::string text) &&;
  Error with_hint(std::string text) &&;
  Error during(std::string_view what) &&;  ///< puts `what` in front of `while_doing`
};

Error error(Code code, std::string message);

/// An error whose detail is the system's text for `errno_value`.
Error system_error(Code code, std::string message, int errno_value);

}  // namespace base
