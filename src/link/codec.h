// SPDX-License-Identifier: PostgreSQL
// The messages of a conversation as JSON text, and back. A closed list: what is not in it, or holds
// an unknown key, a wrong type, a number out of range or an unknown enumerator, is refused with the
// path of the field (protocol_value). Nothing here throws.
//
//   controller → node   {"hello":{"protocol":1,"version":…,"brief":{…}}}
//                       {"id":N, "observe":{} | "act":{…} | "connect":{…} | "handshake":{…}}
//   node → controller   {"hello":{"protocol":1,"version":…,"clock":…,"size":…}}
//                       {"id":N, "answer":{…} | "error":{…}}      N = 0: instead of the hello
//
// Text that is not UTF-8 (foreign messages, file names) travels as {"base64":…}.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "fleet/act.h"
#include "fleet/facts.h"

namespace links {

inline constexpr int protocol_version = 1;

struct ControllerHello {
  int protocol = protocol_version;
  std::string version;
  fleet::Brief brief;
};

struct NodeHello {
  int protocol = protocol_version;
  std::string version;
  std::int64_t clock = 0;  ///< seconds since 1970-01-01 UTC
  std::int64_t size = 0;   ///< bytes of the node's own executable
};

struct Observe {};
using Query = std::variant<Observe, fleet::Act, fleet::ConnectQuery, fleet::HandshakeQuery>;

/// A request as the node reads it. The error of `query` is the answer that this request deserves:
/// protocol_unknown or protocol_value.
struct Incoming {
  std::int64_t id = 0;
  base::Result<Query> query;
};

/// What the node said: an answer, or its own error. The conversation can go on after either.
template <class T>
struct Reply {
  base::Result<T> said;
};

std::string encode(const ControllerHello& hello);
std::string encode(const NodeHello& hello);
std::string encode_request(std::int64_t id, const Query& query);
std::string encode_error(std::int64_t id, const base::Error& error);
/// T: HostFacts, Answer, ConnectReport, ServedFacts.
template <class T>
std::string encode_answer(std::int64_t id, const T& answer);

/// Errors: protocol_garbage (no JSON, or no message), protocol_version, protocol_value.
base::Result<ControllerHello> decode_controller_hello(std::string_view text);
/// The same; and where the node refuses with an error, that error.
base::Result<NodeHello> decode_node_hello(std::string_view text);
/// Errors: protocol_garbage, where not even the request's number could be read.
base::Result<Incoming> decode_request(std::string_view text);
/// Errors: protocol_garbage, protocol_value; also where the reply is to another request.
template <class T>
base::Result<Reply<T>> decode_answer(std::string_view text, std::int64_t id);

}  // namespace links
