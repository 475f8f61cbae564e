// SPDX-License-Identifier: PostgreSQL
#include "link/codec.h"

#include <doctest/doctest.h>

#include <random>

#include "link/fields.h"

namespace {

using base::Code;

/// Gives every field another value; every third string is not UTF-8, lists get two items.
class Filler {
 public:
  template <class T>
  void operator()(std::string_view, T& value) {
    fill(value);
  }
  void bytes(std::string_view, std::string& value) { fill(value); }

  void fill(bool& value) { value = true; }
  void fill(int& value) { value = -++count_; }
  void fill(std::int64_t& value) { value = std::int64_t{1} << 50 | ++count_; }
  void fill(std::string& value) {
    value = "\"\\\n\t ü " + std::to_string(++count_) + std::string(1, '\0');
    if (count_ % 3 == 0) value += "\xff\xfe";
  }
  void fill(Code& value) { value = Code::server_query; }
  template <class T>
  void fill(std::optional<T>& value) {
    fill(value.emplace());
  }
  template <class T>
  void fill(std::vector<T>& values) {
    values.resize(2);
    for (T& value : values) fill(value);
  }
  template <class T>
  requires std::is_enum_v<T>
  void fill(T& value) { value = links::words(value).back().value; }
  template <class T>
  requires std::is_class_v<T>
  void fill(T& value) { links::fields(*this, value); }

 private:
  int count_ = 0;
};

template <class T>
T filled() {
  T value;
  Filler().fill(value);
  return value;
}

template <class T>
void round_trip_of_answer() {
  for (const T& value : {T{}, filled<T>()}) {
    const std::string text = links::encode_answer(7, value);
    const auto back = links::decode_answer<T>(text, 7);
    REQUIRE(back);
    REQUIRE(back->said);
    CHECK(links::encode_answer(7, *back->said) == text);
  }
}

template <class T>
void round_trip_of_query() {
  for (const T& value : {T{}, filled<T>()}) {
    const std::string text = links::encode_request(9, value);
    const auto back = links::decode_request(text);
    REQUIRE(back);
    CHECK(back->id == 9);
    REQUIRE(back->query);
    CHECK(std::holds_alternative<T>(*back->query));
    CHECK(links::encode_request(9, *back->query) == text);
  }
}

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  const auto at = text.find(what);
  REQUIRE(at != std::string::npos);
  return text.replace(at, what.size(), with);
}

/// The refusal of an act whose text was tampered with.
base::Error refusal(std::string_view what, std::string_view with) {
  const auto incoming =
      links::decode_request(replaced(links::encode_request(1, fleet::Act{}), what, with));
  REQUIRE(incoming);
  REQUIRE_FALSE(incoming->query);
  return incoming->query.error();
}

void check_path(const base::Error& error, std::string_view path) {
  CHECK(error.code == Code::protocol_value);
  CAPTURE(error.message);
  CHECK(error.message.find("\"" + std::string(path) + "\"") != std::string::npos);
}

}  // namespace

TEST_CASE("every answer survives the way with all fields filled, also text that is not UTF-8") {
  round_trip_of_answer<fleet::HostFacts>();
  round_trip_of_answer<fleet::Answer>();
  round_trip_of_answer<fleet::ConnectReport>();
  round_trip_of_answer<fleet::ServedFacts>();
}

TEST_CASE("every request survives the way with all fields filled") {
  round_trip_of_query<links::Observe>();
  round_trip_of_query<fleet::Act>();
  round_trip_of_query<fleet::ConnectQuery>();
  round_trip_of_query<fleet::HandshakeQuery>();
}

TEST_CASE("both hellos survive the way") {
  auto controller = filled<links::ControllerHello>();
  controller.protocol = links::protocol_version;
  const auto controller_back = links::decode_controller_hello(links::encode(controller));
  REQUIRE(controller_back);
  CHECK(links::encode(*controller_back) == links::encode(controller));
  auto node = filled<links::NodeHello>();
  node.protocol = links::protocol_version;
  const auto node_back = links::decode_node_hello(links::encode(node));
  REQUIRE(node_back);
  CHECK(links::encode(*node_back) == links::encode(node));
}

TEST_CASE("an error survives the way with its number, whatever its bytes") {
  auto error = filled<base::Error>();
  for (const auto& row : base::error_table()) {
    error.code = row.code;
    const auto back = links::decode_answer<fleet::Answer>(links::encode_error(3, error), 3);
    REQUIRE(back);
    REQUIRE_FALSE(back->said);
    CHECK(back->said.error().code == row.code);
    CHECK(back->said.error().detail == error.detail);
    CHECK(back->said.error().while_doing == error.while_doing);
  }
}

TEST_CASE("every enumerator has a word of its own") {
  const auto distinct = [](auto list) {
    for (std::size_t i = 0; i < list.size(); ++i)
      for (std::size_t k = 0; k < i; ++k) CHECK(list[i].name != list[k].name);
  };
  distinct(links::words(fleet::ActKind{}));
  distinct(links::words(fleet::KeyState{}));
  distinct(links::words(fleet::ConnectLevel{}));
  distinct(links::words(x509::KeyType{}));
}

TEST_CASE("a signing request travels as base64 even where it is text") {
  fleet::Answer answer;
  answer.request = "text";
  CHECK(links::encode_answer(1, answer).find("{\"base64\":\"dGV4dA==\"}") != std::string::npos);
}

TEST_CASE("a missing field, an unknown key, a wrong type are refused with the field's path") {
  check_path(refusal("\"name\":\"\",", ""), "act.slot.name");
  check_path(refusal("\"take_over\":false", "\"take_over\":false,\"path\":\"/etc/passwd\""),
             "act.path");
  check_path(refusal("\"take_over\":false", "\"take_over\":0"), "act.take_over");
  check_path(refusal("\"trust\":\"\"", "\"trust\":[]"), "act.trust");
  check_path(refusal("{\"client_trust\":false,\"min_protocol\":\"\"}", "[]"), "act.settings");
}

TEST_CASE("numbers out of range, fractions and huge ones are refused") {
  for (const char* number :
       {"9223372036854775808", "18446744073709551616", "-9223372036854775809", "1e999", "1.5"}) {
    CAPTURE(number);
    const auto text = replaced(links::encode_request(1, fleet::Act{}), "\"generation\":0",
                               std::string("\"generation\":") + number);
    const auto incoming = links::decode_request(text);
    // The parser itself gives up on 1e999.
    CHECK((!incoming || !incoming->query));
  }
  check_path(refusal("\"generation\":0", "\"generation\":9223372036854775808"),
             "act.mark.generation");
  const auto text =
      replaced(links::encode_request(1, fleet::HandshakeQuery{}), "5432", "2147483648");
  check_path(links::decode_request(text)->query.error(), "handshake.port");
}

TEST_CASE("an unknown act or enumerator is refused by name") {
  check_path(refusal("\"kind\":\"reload\"", "\"kind\":\"execute\""), "act.kind");
  check_path(refusal("\"key_type\":\"p256\"", "\"key_type\":\"ed25519\""), "act.key_type");
}

TEST_CASE("bad base64 is refused") {
  check_path(refusal("\"trust\":\"\"", "\"trust\":{\"base64\":\"dGV4d=\"}"), "act.trust");
  check_path(refusal("\"trust\":\"\"", "\"trust\":{\"base64\":7}"), "act.trust");
  check_path(refusal("\"trust\":\"\"", "\"trust\":{\"base64\":\"\",\"x\":1}"), "act.trust");
  const auto text =
      replaced(links::encode_answer(1, fleet::Answer{}), "{\"base64\":\"\"}", "\"x\"");
  check_path(links::decode_answer<fleet::Answer>(text, 1).error(), "answer.request");
}

TEST_CASE("the path names the item of a list") {
  const auto text = replaced(links::encode_answer(1, filled<fleet::HostFacts>()),
                             "\"superuser\":true}]", "\"superuser\":1}]");
  check_path(links::decode_answer<fleet::HostFacts>(text, 1).error(),
             "answer.server.roles[1].superuser");
}

TEST_CASE("a request that is not in the closed list is unknown, whatever it holds") {
  const auto incoming = links::decode_request("{\"id\":4,\"execute\":{\"command\":\"id\"}}");
  REQUIRE(incoming);
  CHECK(incoming->id == 4);
  CHECK(incoming->query.error().code == Code::protocol_unknown);
}

TEST_CASE("what is no message is garbage") {
  for (const char* text : {"", "{", "[]", "null", "7", "{}", "{\"id\":1}", "{\"observe\":{}}",
                           "{\"id\":1,\"observe\":{},\"act\":{}}", "{\"id\":1,\"observe\":{}}x"}) {
    CAPTURE(text);
    const auto incoming = links::decode_request(text);
    REQUIRE_FALSE(incoming);
    CHECK(incoming.error().code == Code::protocol_garbage);
  }
}

TEST_CASE("another version of the protocol is told before the rest is judged") {
  const auto controller = links::decode_controller_hello("{\"hello\":{\"protocol\":2,\"new\":1}}");
  CHECK(controller.error().code == Code::protocol_version);
  const auto node = links::decode_node_hello("{\"hello\":{\"protocol\":0}}");
  CHECK(node.error().code == Code::protocol_version);
}

TEST_CASE("a reply to another request is refused") {
  const auto text = links::encode_answer(2, fleet::Answer{});
  CHECK(links::decode_answer<fleet::Answer>(text, 3).error().code == Code::protocol_value);
  const auto error = links::encode_error(2, base::error(Code::file_io, "x"));
  CHECK(links::decode_answer<fleet::Answer>(error, 3).error().code == Code::protocol_value);
}

TEST_CASE("no damaged message does more than be refused") {
  std::mt19937 random(20240101);
  const std::string whole = links::encode_answer(1, filled<fleet::HostFacts>());
  int refused = 0;
  for (int i = 0; i < 3000; ++i) {
    std::string text = whole;
    const auto at = random() % text.size();
    if (i % 3 == 0)
      text[at] = static_cast<char>(random());
    else if (i % 3 == 1)
      text.erase(at, 1 + random() % 40);
    else
      text.insert(at, text.substr(random() % text.size(), random() % 40));
    const auto back = links::decode_answer<fleet::HostFacts>(text, 1);
    refused += back ? 0 : 1;
  }
  CHECK(refused > 2000);
}
