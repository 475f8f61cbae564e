// SPDX-License-Identifier: PostgreSQL
#include "link/serve.h"

#include <doctest/doctest.h>
#include <sys/socket.h>

#include <optional>
#include <thread>

#include "base/fd.h"
#include "link/codec.h"
#include "link/echo_engine.h"
#include "link/frame.h"

namespace {

using base::Code;

/// Long, for the sanitizers: a thread of theirs takes seconds to write the longest message.
links::Deadline soon() { return links::after(std::chrono::seconds(60)); }

/// A node in a thread, and the controller's end of its conversation.
class Node {
 public:
  Node() {
    int ends[2];
    REQUIRE(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) == 0);
    here_ = base::Fd(ends[0]);
    there_ = base::Fd(ends[1]);
    thread_ = std::thread([this] {
      outcome_ = links::serve(there_.get(), there_.get(), EchoEngine::open);
      ::shutdown(there_.get(), SHUT_RDWR);
    });
    channel_.emplace(here_.get(), here_.get());
    REQUIRE(channel_->skip_to_magic(soon()));
  }
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  ~Node() { static_cast<void>(end()); }

  std::string say(std::string_view text) {
    REQUIRE(channel_->send(text, soon()));
    auto received = channel_->receive(soon());
    REQUIRE(received);
    REQUIRE(*received);
    return **received;
  }
  std::string greet(std::string host = "db1", std::string environment = "test") {
    links::ControllerHello hello;
    hello.brief.host = std::move(host);
    hello.brief.environment = std::move(environment);
    return say(links::encode(hello));
  }
  void say_bytes(std::string_view bytes) { REQUIRE(channel_->send_bytes(bytes, soon())); }
  std::string last_word() { return *channel_->receive(soon()).value(); }

  /// Ends the input; what serve() came back with.
  base::Result<void> end() {
    ::shutdown(here_.get(), SHUT_WR);
    if (thread_.joinable()) thread_.join();
    return outcome_;
  }

 private:
  base::Fd here_;
  base::Fd there_;
  base::Result<void> outcome_;
  std::thread thread_;
  std::optional<links::Channel> channel_;
};

Code code_of(const std::string& text, std::int64_t id) {
  return links::decode_answer<fleet::Answer>(text, id)->said.error().code;
}

}  // namespace

TEST_CASE("a node says its version, clock and size, answers each request, ends with its input") {
  Node node;
  const auto hello = links::decode_node_hello(node.greet("db7"));
  REQUIRE(hello);
  CHECK(hello->version == PGSEAL_VERSION);
  CHECK(hello->clock > 1700000000);
  CHECK(hello->size > 100000);
  const auto facts = links::decode_answer<fleet::HostFacts>(
      node.say(links::encode_request(1, links::Observe{})), 1);
  CHECK(facts->said->host == "db7");
  fleet::Act act;
  act.slot.name = "app";
  const auto answer =
      links::decode_answer<fleet::Answer>(node.say(links::encode_request(2, act)), 2);
  CHECK(answer->said->after == "app");
  CHECK(answer->said->request == std::string("\x30\x00\xff", 3));
  CHECK(node.end());
}

TEST_CASE("an engine's error is an answer, and the conversation goes on") {
  Node node;
  node.greet();
  fleet::Act act;
  act.slot.name = "refuse";
  const auto refused =
      links::decode_answer<fleet::Answer>(node.say(links::encode_request(1, act)), 1);
  CHECK(refused->said.error().code == Code::file_unsafe);
  CHECK(refused->said.error().detail == "foreign \xff text");
  node.say(links::encode_request(2, links::Observe{}));
  CHECK(node.end());
}

TEST_CASE("an unknown request or a wrong value is answered, and the conversation goes on") {
  Node node;
  node.greet();
  CHECK(code_of(node.say("{\"id\":1,\"execute\":\"id\"}"), 1) == Code::protocol_unknown);
  CHECK(code_of(node.say("{\"id\":2,\"observe\":[]}"), 2) == Code::protocol_value);
  node.say(links::encode_request(3, links::Observe{}));
  CHECK(node.end());
}

TEST_CASE("garbage gets one error, then the node ends with a failure") {
  Node node;
  node.greet();
  CHECK(code_of(node.say("garbage"), 1) == Code::protocol_garbage);
  const auto outcome = node.end();
  REQUIRE_FALSE(outcome);
  CHECK(outcome.error().code == Code::protocol_garbage);
}

TEST_CASE("a length beyond the limit gets one error, then the node ends with a failure") {
  Node node;
  node.greet();
  node.say_bytes("\xff\xff\xff\xff");
  CHECK(code_of(node.last_word(), 1) == Code::protocol_too_long);
  CHECK(node.end().error().code == Code::protocol_too_long);
}

TEST_CASE("another version of the protocol is refused by the node") {
  Node node;
  const auto answer = node.say("{\"hello\":{\"protocol\":2,\"version\":\"9\",\"brief\":{}}}");
  CHECK(links::decode_node_hello(answer).error().code == Code::protocol_version);
  CHECK(node.end().error().code == Code::protocol_version);
}

TEST_CASE("an engine that cannot open says why instead of the hello") {
  Node node;
  const auto answer = node.greet("db1", "locked");
  CHECK(links::decode_node_hello(answer).error().code == Code::host_locked);
  CHECK(node.end());
}

TEST_CASE("an end before the hello or within a message is a failure") {
  Node silent;
  CHECK(silent.end().error().code == Code::link_lost);
  Node cut;
  cut.greet();
  cut.say_bytes(std::string("\x00\x00\x00\x10{", 5));
  CHECK(cut.end().error().code == Code::protocol_truncated);
}

TEST_CASE("an answer longer than a message may be becomes an error") {
  Node node;
  node.greet("large");
  CHECK(code_of(node.say(links::encode_request(1, links::Observe{})), 1) ==
        Code::protocol_too_long);
  CHECK(node.end());
}
