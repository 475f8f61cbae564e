// SPDX-License-Identifier: PostgreSQL
#include "link/serve.h"

#include <sys/stat.h>

#include <ctime>

#include "link/codec.h"
#include "link/frame.h"

namespace links {
namespace {

using base::Result;
using std::chrono::seconds;

/// The controller sends its hello at once and takes what it asked for; only between requests may it
/// think for as long as it likes.
constexpr seconds hello_time{60};
constexpr seconds write_time{60};

/// The one place below main that reads the clock: it is the node's to tell.
NodeHello own_hello() {
  NodeHello hello;
  hello.version = PGSEAL_VERSION;
  hello.clock = std::time(nullptr);
  struct stat self = {};
  if (::stat("/proc/self/exe", &self) == 0) hello.size = self.st_size;
  return hello;
}

template <class T>
std::string reply(std::int64_t id, const Result<T>& outcome) {
  return outcome ? encode_answer(id, *outcome) : encode_error(id, outcome.error());
}

struct Answerer {
  fleet::Conversation& engine;
  std::int64_t id;

  std::string operator()(const Observe&) const { return reply(id, engine.observe()); }
  std::string operator()(const fleet::Act& act) const { return reply(id, engine.perform(act)); }
  std::string operator()(const fleet::ConnectQuery& query) const {
    return reply(id, engine.connect(query));
  }
  std::string operator()(const fleet::HandshakeQuery& query) const {
    return reply(id, engine.handshake(query));
  }
};

/// The last word before giving up; whether it arrives changes nothing.
base::Error refuse(Channel& channel, base::Error error) {
  const auto sent = channel.send(encode_error(0, error), after(write_time));
  static_cast<void>(sent);
  return error;
}

Result<ControllerHello> read_hello(Channel& channel) {
  const auto text = TRY(channel.receive(after(hello_time)));
  if (!text) return base::error(base::Code::link_lost, "the controller ended before its hello");
  return decode_controller_hello(*text);
}

/// False at the end of the input.
Result<bool> answer_one(Channel& channel, fleet::Conversation& engine) {
  auto text = channel.receive(no_deadline);
  if (!text) return refuse(channel, std::move(text).error());
  if (!*text) return false;
  auto incoming = decode_request(**text);
  if (!incoming) return refuse(channel, std::move(incoming).error());
  std::string answer = incoming->query
                           ? std::visit(Answerer{engine, incoming->id}, *incoming->query)
                           : encode_error(incoming->id, incoming->query.error());
  if (answer.size() > frame_limit)
    answer = encode_error(incoming->id, base::error(base::Code::protocol_too_long,
                                                    "the answer is longer than a message may be"));
  TRY(channel.send(answer, after(write_time)));
  return true;
}

}  // namespace

Result<void> serve(int in, int out, const OpenEngine& open_engine) {
  Channel channel(in, out);
  TRY(channel.send_bytes(std::string(magic) + "\n", after(write_time)));
  auto hello = read_hello(channel);
  if (!hello) return refuse(channel, std::move(hello).error());
  auto engine = open_engine(hello->brief);
  if (!engine) return channel.send(encode_error(0, engine.error()), after(write_time));
  TRY(channel.send(encode(own_hello()), after(write_time)));
  while (TRY(answer_one(channel, **engine))) {
  }
  return {};
}

}  // namespace links
