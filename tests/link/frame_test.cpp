// SPDX-License-Identifier: PostgreSQL
#include "link/frame.h"

#include <doctest/doctest.h>
#include <signal.h>

#include <thread>

#include "base/fd.h"

namespace {

using base::Code;
using std::chrono::milliseconds;

links::Deadline soon() { return links::after(milliseconds(20000)); }

/// What a reader makes of exactly these bytes, then the end.
struct Fed {
  explicit Fed(std::string_view bytes) : ends(base::make_pipe().value()) {
    writer = std::thread([this, text = std::string(bytes)] {
      static_cast<void>(links::Channel(-1, ends.second.get()).send_bytes(text, soon()));
      ends.second.reset();
    });
  }
  Fed(const Fed&) = delete;
  Fed& operator=(const Fed&) = delete;
  ~Fed() {
    ends.first.reset();
    writer.join();
  }

  std::pair<base::Fd, base::Fd> ends;
  links::Channel channel{ends.first.get(), -1};
  std::thread writer;
};

std::string frame(std::string_view text) {
  std::string bytes;
  for (int shift = 24; shift >= 0; shift -= 8)
    bytes += static_cast<char>((text.size() >> shift) & 0xff);
  return bytes + std::string(text);
}

Code refused(std::string_view bytes) {
  Fed fed(bytes);
  const auto received = fed.channel.receive(soon());
  REQUIRE_FALSE(received);
  return received.error().code;
}

std::string nested(int depth) {
  return std::string(static_cast<std::size_t>(depth), '[') +
         std::string(static_cast<std::size_t>(depth), ']');
}

}  // namespace

TEST_CASE("frames come out as they went in, one after the other, then the end") {
  Fed fed(frame("{}") + frame("") + frame("{\"a\":\"ü\"}"));
  CHECK(*fed.channel.receive(soon()).value() == "{}");
  CHECK(fed.channel.receive(soon()).value()->empty());
  CHECK(*fed.channel.receive(soon()).value() == "{\"a\":\"ü\"}");
  CHECK_FALSE(fed.channel.receive(soon()).value().has_value());
}

TEST_CASE("a frame of exactly 16 MiB passes and one byte more is refused on both sides") {
  const std::string largest(links::frame_limit, 'x');
  {
    Fed fed(frame(largest));
    CHECK(fed.channel.receive(soon()).value()->size() == largest.size());
  }
  auto [in, out] = base::make_pipe().value();
  const auto sent = links::Channel(in.get(), out.get()).send(largest + "x", soon());
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Code::protocol_too_long);
  CHECK(refused(std::string("\x01\x00\x00\x01", 4)) == Code::protocol_too_long);
}

TEST_CASE("a length of 4 GB is refused before anything of that size is read") {
  CHECK(refused("\xff\xff\xff\xff{}") == Code::protocol_too_long);
}

TEST_CASE("an end within a frame is a truncation at every byte") {
  const std::string whole = frame("{\"id\":1}");
  for (std::size_t length = 1; length < whole.size(); ++length) {
    CAPTURE(length);
    CHECK(refused(whole.substr(0, length)) == Code::protocol_truncated);
  }
}

TEST_CASE("a message that nests too deeply is refused, brackets within strings do not count") {
  CHECK(links::check_text(nested(links::depth_limit)));
  CHECK(refused(frame(nested(links::depth_limit + 1))) == Code::protocol_garbage);
  CHECK(refused(frame(nested(1000000))) == Code::protocol_garbage);
  CHECK(links::check_text("[\"" + nested(100) + "\\\"" + nested(100) + "\"]"));
}

TEST_CASE("a message that is not UTF-8 is refused") {
  CHECK(refused(frame("{\"a\":\"\xff\"}")) == Code::protocol_garbage);
  CHECK(refused(frame("\xed\xa0\x80")) == Code::protocol_garbage);
}

TEST_CASE("the magic line is found after any noise, also without a newline before it") {
  for (const char* noise :
       {"", "Welcome!\n", "\n\n\r\n", "no newline here ", "\xff\x00\x1b[2J\n"}) {
    Fed fed(std::string(noise) + std::string(links::magic) + "\n" + frame("{}"));
    REQUIRE(fed.channel.skip_to_magic(soon()));
    CHECK(*fed.channel.receive(soon()).value() == "{}");
  }
}

TEST_CASE("64 KiB of noise are enough, with newlines or without") {
  for (const std::string& noise :
       {std::string(links::noise_limit + 1, 'x'), std::string(links::noise_limit + 1, '\n')}) {
    Fed fed(noise + "\n" + std::string(links::magic) + "\n");
    const auto skipped = fed.channel.skip_to_magic(soon());
    REQUIRE_FALSE(skipped);
    CHECK(skipped.error().code == Code::protocol_garbage);
  }
}

TEST_CASE("an end before the magic line is a lost link, and the noise is kept for the message") {
  Fed fed("This account is not available.");
  const auto skipped = fed.channel.skip_to_magic(soon());
  REQUIRE_FALSE(skipped);
  CHECK(skipped.error().code == Code::link_lost);
  CHECK(fed.channel.noise() == "This account is not available.");
}

TEST_CASE("who does not answer costs the deadline and no more") {
  auto [in, out] = base::make_pipe().value();
  links::Channel channel(in.get(), out.get());
  const auto begin = std::chrono::steady_clock::now();
  const auto received = channel.receive(links::after(milliseconds(50)));
  CHECK(received.error().code == Code::link_timeout);
  const auto sent = channel.send(std::string(1 << 20, 'x'), links::after(milliseconds(50)));
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Code::link_timeout);
  CHECK(std::chrono::steady_clock::now() - begin < milliseconds(2000));
}

TEST_CASE("a reader that is gone is a lost link and raises no signal") {
  ::signal(SIGPIPE, SIG_DFL);
  auto [in, out] = base::make_pipe().value();
  in.reset();
  const auto sent = links::Channel(-1, out.get()).send("{}", soon());
  REQUIRE_FALSE(sent);
  CHECK(sent.error().code == Code::link_lost);
}

TEST_CASE("standard error is drained while waiting, and only its first 64 KiB are kept") {
  auto [in, out] = base::make_pipe().value();
  auto [side_in, side_out] = base::make_pipe().value();
  links::Channel channel(in.get(), -1, side_in.get());
  std::thread child([out_fd = std::move(out), side_fd = std::move(side_out)] {
    static_cast<void>(
        links::Channel(-1, side_fd.get()).send_bytes(std::string(1 << 20, 'e'), soon()));
    static_cast<void>(links::Channel(-1, out_fd.get()).send("{}", soon()));
  });
  CHECK(*channel.receive(soon()).value() == "{}");
  child.join();
  CHECK(channel.side_text() == std::string(links::side_limit, 'e'));
}
