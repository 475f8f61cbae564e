// SPDX-License-Identifier: PostgreSQL
// JSON text to values, strictly. The only file of the project's floors that the JSON parser enters;
// its exceptions are switched off (`allow_exceptions`) and every access is checked before.
#include <fmt/format.h>

#include <limits>
#include <nlohmann/json.hpp>

#include "base/text.h"
#include "link/codec.h"
#include "link/fields.h"
#include "link/frame.h"

namespace links {
namespace {

using base::Code;
using base::Result;
using nlohmann::json;

/// Where we are, as a chain on the stack: written out only when something is wrong.
struct Path {
  const Path* above = nullptr;
  std::string_view name;
  std::size_t index = 0;

  [[nodiscard]] std::string text() const {
    const std::string before = above == nullptr ? "" : above->text();
    if (name.empty()) return fmt::format("{}[{}]", before, index);
    return before.empty() ? std::string(name) : fmt::format("{}.{}", before, name);
  }
};

using Problem = std::optional<base::Error>;

void refuse(Problem& problem, const Path& path, std::string_view why) {
  if (!problem)
    problem = base::error(Code::protocol_value,
                          fmt::format("the message's field \"{}\" {}", path.text(), why));
}

template <class T>
void read(const json& from, T& value, const Path& path, Problem& problem);

void read_bytes(const json& from, std::string& value, const Path& path, Problem& problem) {
  const auto found = from.is_object() ? from.find("base64") : from.end();
  if (!from.is_object() || from.size() != 1 || found == from.end() || !found->is_string())
    return refuse(problem, path, "must be {\"base64\": …}");
  auto bytes = base::unbase64(found->get_ref<const std::string&>());
  if (!bytes) return refuse(problem, path, "is not base64");
  value = std::move(*bytes);
}

class Reader {
 public:
  Reader(const json& object, const Path& path, Problem& problem)
      : object_(object), path_(path), problem_(problem) {}

  template <class T>
  void operator()(const char* name, T& value) {
    const Path path{&path_, name};
    if (const json* found = find(name, path)) read(*found, value, path, problem_);
  }
  void bytes(const char* name, std::string& value) {
    const Path path{&path_, name};
    if (const json* found = find(name, path)) read_bytes(*found, value, path, problem_);
  }
  /// Every key must have been asked for.
  [[nodiscard]] bool complete() const { return seen_ == object_.size(); }

 private:
  const json* find(const char* name, const Path& path) {
    if (problem_) return nullptr;
    const auto found = object_.find(name);
    if (found == object_.end()) {
      refuse(problem_, path, "is missing");
      return nullptr;
    }
    ++seen_;
    return &*found;
  }

  const json& object_;
  const Path& path_;
  Problem& problem_;
  std::size_t seen_ = 0;
};

/// Asked only once a key is known to be too much: which one.
struct Names {
  std::vector<std::string_view> known;
  template <class T>
  void operator()(const char* name, T&) {
    known.push_back(name);
  }
  void bytes(const char* name, std::string&) { known.push_back(name); }
};

void read_value(const json& from, bool& value, const Path& path, Problem& problem) {
  if (!from.is_boolean()) return refuse(problem, path, "must be true or false");
  value = from.get<bool>();
}

template <class T>
requires std::is_integral_v<T>
void read_value(const json& from, T& value, const Path& path, Problem& problem) {
  if (!from.is_number_integer()) return refuse(problem, path, "must be a whole number");
  const bool huge = from.is_number_unsigned() &&
                    from.get<std::uint64_t>() >
                        static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  const std::int64_t number = huge ? 0 : from.get<std::int64_t>();
  if (huge || number < std::numeric_limits<T>::min() || number > std::numeric_limits<T>::max())
    return refuse(problem, path, "is out of range");
  value = static_cast<T>(number);
}

void read_value(const json& from, std::string& value, const Path& path, Problem& problem) {
  if (from.is_string())
    value = from.get_ref<const std::string&>();
  else if (from.is_object())
    read_bytes(from, value, path, problem);
  else
    refuse(problem, path, "must be a string");
}

void read_value(const json& from, base::Code& value, const Path& path, Problem& problem) {
  if (!from.is_string()) return refuse(problem, path, "must be a string");
  const auto& name = from.get_ref<const std::string&>();
  for (const auto& row : base::error_table())
    if (row.name == name) {
      value = row.code;
      return;
    }
  refuse(problem, path, "is not the name of an error");
}

template <class T>
void read_value(const json& from, std::optional<T>& value, const Path& path, Problem& problem) {
  value.reset();
  if (!from.is_null()) read(from, value.emplace(), path, problem);
}

template <class T>
void read_value(const json& from, std::vector<T>& values, const Path& path, Problem& problem) {
  if (!from.is_array()) return refuse(problem, path, "must be a list");
  values.clear();
  for (const json& item : from) {
    if (problem) return;
    const Path place{&path, "", values.size()};
    read(item, values.emplace_back(), place, problem);
  }
}

template <class T>
requires std::is_enum_v<T>
void read_value(const json& from, T& value, const Path& path, Problem& problem) {
  if (!from.is_string()) return refuse(problem, path, "must be a string");
  const auto& name = from.get_ref<const std::string&>();
  for (const auto& word : words(value))
    if (word.name == name) {
      value = word.value;
      return;
    }
  refuse(problem, path, "has an unknown value");
}

template <class T>
requires std::is_class_v<T>
void read_value(const json& from, T& value, const Path& path, Problem& problem) {
  if (!from.is_object()) return refuse(problem, path, "must be an object");
  Reader reader(from, path, problem);
  fields(reader, value);
  if (problem || reader.complete()) return;
  Names names;
  fields(names, value);
  for (const auto& [key, item] : from.items())
    if (std::find(names.known.begin(), names.known.end(), key) == names.known.end())
      return refuse(problem, Path{&path, key}, "is unknown");
}

template <class T>
void read(const json& from, T& value, const Path& path, Problem& problem) {
  if (!problem) read_value(from, value, path, problem);
}

/// A message is an object; its depth is bounded before the parser sees it.
Result<json> parse(std::string_view text) {
  TRY(check_text(text));
  json parsed = json::parse(text.begin(), text.end(), nullptr, false);
  if (!parsed.is_object()) return base::error(Code::protocol_garbage, "a message is not JSON");
  return parsed;
}

template <class T>
Result<T> value_at(const json& object, const char* key) {
  T value{};
  Problem problem;
  read(*object.find(key), value, Path{nullptr, key}, problem);
  if (problem) return std::move(*problem);
  return value;
}

/// The error that the other side tells, or the one of reading it.
base::Error told_error(const json& object) {
  base::Error told;
  Problem problem;
  read(*object.find("error"), told, Path{nullptr, "error"}, problem);
  return problem ? std::move(*problem) : told;
}

/// Another version is told apart before the rest is read: that rest is not ours to judge.
template <class T>
Result<T> read_hello(const json& object) {
  const auto hello = object.find("hello");
  if (hello == object.end() || object.size() != 1 || !hello->is_object())
    return base::error(Code::protocol_garbage, "the first message is not a hello");
  const auto version = hello->find("protocol");
  if (version != hello->end() && version->is_number_integer() && *version != protocol_version)
    return base::error(Code::protocol_version,
                       fmt::format("the other side speaks version {} of the protocol, not {}",
                                   version->dump(), protocol_version));
  return value_at<T>(object, "hello");
}

Result<std::int64_t> read_id(const json& object) {
  const auto id = object.find("id");
  if (id == object.end() || object.size() != 2)
    return base::error(Code::protocol_garbage, "a message has no number, or is none of ours");
  return value_at<std::int64_t>(object, "id");
}

template <class T>
Result<Query> read_query(const json& object, const char* kind) {
  return Query(TRY(value_at<T>(object, kind)));
}

Result<Query> query_of(const json& object) {
  if (object.contains("observe")) return read_query<Observe>(object, "observe");
  if (object.contains("act")) return read_query<fleet::Act>(object, "act");
  if (object.contains("connect")) return read_query<fleet::ConnectQuery>(object, "connect");
  if (object.contains("handshake")) return read_query<fleet::HandshakeQuery>(object, "handshake");
  return base::error(Code::protocol_unknown, "the request is not in the closed list");
}

}  // namespace

Result<ControllerHello> decode_controller_hello(std::string_view text) {
  return read_hello<ControllerHello>(TRY(parse(text)));
}

Result<NodeHello> decode_node_hello(std::string_view text) {
  const json object = TRY(parse(text));
  if (object.contains("error")) return told_error(object);
  return read_hello<NodeHello>(object);
}

Result<Incoming> decode_request(std::string_view text) {
  const json object = TRY(parse(text));
  const std::int64_t id = TRY(read_id(object));
  return Incoming{id, query_of(object)};
}

template <class T>
Result<Reply<T>> decode_answer(std::string_view text, std::int64_t id) {
  const json object = TRY(parse(text));
  const std::int64_t replied = TRY(read_id(object));
  const bool error = object.contains("error");
  // Number 0: the node could not even read which request it refuses.
  if (replied != id && !(error && replied == 0))
    return base::error(Code::protocol_value,
                       fmt::format("the reply is to request {}, not {}", replied, id));
  if (error) return Reply<T>{told_error(object)};
  if (!object.contains("answer"))
    return base::error(Code::protocol_garbage, "a reply has neither an answer nor an error");
  return Reply<T> { TRY(value_at<T>(object, "answer")) };
}

template Result<Reply<fleet::HostFacts>> decode_answer(std::string_view, std::int64_t);
template Result<Reply<fleet::Answer>> decode_answer(std::string_view, std::int64_t);
template Result<Reply<fleet::ConnectReport>> decode_answer(std::string_view, std::int64_t);
template Result<Reply<fleet::ServedFacts>> decode_answer(std::string_view, std::int64_t);

}  // namespace links
