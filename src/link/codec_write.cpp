// SPDX-License-Identifier: PostgreSQL
// Values to JSON text, straight into one string: no document is built in between.
#include <fmt/format.h>

#include "base/text.h"
#include "link/codec.h"
#include "link/fields.h"

namespace links {
namespace {

void quote(std::string& out, std::string_view text) {
  out += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (static_cast<unsigned char>(c) < 0x20) {
      fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned>(c));
    } else {
      out += c;
    }
  }
  out += '"';
}

template <class T>
void write(std::string& out, const T& value);

void write_bytes(std::string& out, std::string_view bytes) {
  out += "{\"base64\":\"";
  out += base::base64(bytes);
  out += "\"}";
}

class Writer {
 public:
  explicit Writer(std::string& out) : out_(out) { out_ += '{'; }
  Writer(const Writer&) = delete;
  Writer& operator=(const Writer&) = delete;
  ~Writer() { out_ += '}'; }

  template <class T>
  void operator()(std::string_view name, const T& value) {
    key(name);
    write(out_, value);
  }
  void bytes(std::string_view name, const std::string& value) {
    key(name);
    write_bytes(out_, value);
  }

 private:
  void key(std::string_view name) {
    if (!first_) out_ += ',';
    first_ = false;
    quote(out_, name);
    out_ += ':';
  }

  std::string& out_;
  bool first_ = true;
};

void write_value(std::string& out, bool value) { out += value ? "true" : "false"; }
void write_value(std::string& out, int value) { out += std::to_string(value); }
void write_value(std::string& out, std::int64_t value) { out += std::to_string(value); }

void write_value(std::string& out, const std::string& value) {
  if (base::valid_utf8(value))
    quote(out, value);
  else
    write_bytes(out, value);
}

void write_value(std::string& out, base::Code code) { quote(out, base::error_row(code).name); }

template <class T>
void write_value(std::string& out, const std::optional<T>& value) {
  if (value)
    write(out, *value);
  else
    out += "null";
}

template <class T>
void write_value(std::string& out, const std::vector<T>& values) {
  out += '[';
  for (const T& value : values) {
    if (&value != values.data()) out += ',';
    write(out, value);
  }
  out += ']';
}

/// An enumerator without a word is written as one that no reader knows, and refused there.
template <class T>
requires std::is_enum_v<T>
void write_value(std::string& out, T value) {
  std::string_view name = "?";
  for (const auto& word : words(value))
    if (word.value == value) name = word.name;
  quote(out, name);
}

template <class T>
requires std::is_class_v<T>
void write_value(std::string& out, const T& value) {
  Writer writer(out);
  fields(writer, value);
}

template <class T>
void write(std::string& out, const T& value) {
  write_value(out, value);
}

template <class T>
std::string message(std::int64_t id, std::string_view kind, const T& value) {
  std::string out;
  {
    Writer writer(out);
    writer("id", id);
    writer(kind, value);
  }
  return out;
}

template <class T>
std::string hello_message(const T& hello) {
  std::string out;
  {
    Writer writer(out);
    writer("hello", hello);
  }
  return out;
}

struct KindOf {
  std::string_view operator()(const Observe&) const { return "observe"; }
  std::string_view operator()(const fleet::Act&) const { return "act"; }
  std::string_view operator()(const fleet::ConnectQuery&) const { return "connect"; }
  std::string_view operator()(const fleet::HandshakeQuery&) const { return "handshake"; }
};

}  // namespace

std::string encode(const ControllerHello& hello) { return hello_message(hello); }
std::string encode(const NodeHello& hello) { return hello_message(hello); }

std::string encode_request(std::int64_t id, const Query& query) {
  return std::visit([id](const auto& asked) { return message(id, KindOf()(asked), asked); }, query);
}

std::string encode_error(std::int64_t id, const base::Error& error) {
  return message(id, "error", error);
}

template <class T>
std::string encode_answer(std::int64_t id, const T& answer) {
  return message(id, "answer", answer);
}

template std::string encode_answer(std::int64_t, const fleet::HostFacts&);
template std::string encode_answer(std::int64_t, const fleet::Answer&);
template std::string encode_answer(std::int64_t, const fleet::ConnectReport&);
template std::string encode_answer(std::int64_t, const fleet::ServedFacts&);

}  // namespace links
