// SPDX-License-Identifier: PostgreSQL
// Messages from a peer that is not trusted: refused, or written again and read as the same. Answers
// of the corpus are to request 7.
#include "fuzz/fuzzed.h"
#include "link/codec.h"

using fuzzed::must;

namespace {

void request(std::string_view text) {
  const auto incoming = links::decode_request(text);
  if (!incoming || !incoming->query) return;
  const std::string once = links::encode_request(incoming->id, *incoming->query);
  const auto back = links::decode_request(once);
  must(back && back->query && back->id == incoming->id, "a request that we write is read");
  must(links::encode_request(back->id, *back->query) == once, "a request means the same again");
}

template <class T>
void answer(std::string_view text) {
  const auto reply = links::decode_answer<T>(text, 7);
  if (!reply) return;
  const std::string once = reply->said ? links::encode_answer(7, *reply->said)
                                       : links::encode_error(7, reply->said.error());
  const auto back = links::decode_answer<T>(once, 7);
  must(back && static_cast<bool>(back->said) == static_cast<bool>(reply->said),
       "an answer that we write is read");
  must((back->said ? links::encode_answer(7, *back->said)
                   : links::encode_error(7, back->said.error())) == once,
       "an answer means the same again");
}

template <class Hello, class Decode>
void hello(std::string_view text, Decode decode) {
  const base::Result<Hello> greeting = decode(text);
  if (!greeting) return;
  const std::string once = links::encode(*greeting);
  const base::Result<Hello> back = decode(once);
  must(back && links::encode(*back) == once, "a hello means the same again");
}

}  // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text = fuzzed::text(data, size);
  request(text);
  answer<fleet::HostFacts>(text);
  answer<fleet::Answer>(text);
  answer<fleet::ConnectReport>(text);
  answer<fleet::ServedFacts>(text);
  hello<links::ControllerHello>(text, links::decode_controller_hello);
  hello<links::NodeHello>(text, links::decode_node_hello);
  return 0;
}
