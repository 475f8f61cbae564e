// SPDX-License-Identifier: PostgreSQL
#include "server_log/candidates.h"

#include <string.h>

#include <cstdint>
#include <cstring>

namespace server_log {
namespace {

// gcc's and clang's vectors: sixteen bytes at once, on any machine.
using Bytes = unsigned char __attribute__((vector_size(16)));

constexpr std::string_view connection_word = "connection ";
constexpr std::string_view fatal_word = "FATAL";

Bytes all(char c) { return Bytes{} + static_cast<unsigned char>(c); }

Bytes load(const char* from) {
  Bytes bytes;
  std::memcpy(&bytes, from, sizeof bytes);
  return bytes;
}

bool any(Bytes bytes) {
  std::uint64_t halves[2];
  std::memcpy(halves, &bytes, sizeof halves);
  return (halves[0] | halves[1]) != 0;
}

/// Whether one of both begins at `at`.
bool is_candidate(std::string_view text, std::size_t at, char behind) {
  const std::string_view rest = text.substr(at);
  if (rest.size() > connection_word.size() && rest.starts_with(connection_word))
    return rest[connection_word.size()] == 'a' || rest[connection_word.size()] == 'r';
  return rest.size() > fatal_word.size() && rest.starts_with(fatal_word) &&
         rest[fatal_word.size()] == behind;
}

}  // namespace

std::size_t find_candidate(std::string_view text, std::size_t from, char behind) {
  constexpr std::size_t stride = 4 * sizeof(Bytes);
  const Bytes c = all('c');
  const Bytes n = all('n');
  const Bytes blank = all(' ');
  const Bytes f = all('F');
  const Bytes l = all('L');
  const Bytes after = all(behind);
  // Five letters of each place decide whether it is looked at.
  const auto perhaps = [&](const char* here) {
    const Bytes first = load(here);
    const Bytes fifth = load(here + 5);
    const auto one =
        (first == c) & (fifth == c) & (load(here + 9) == n) & (load(here + 10) == blank);
    const auto other = (first == f) & (load(here + 4) == l) & (fifth == after);
    return reinterpret_cast<Bytes>(one | other);
  };
  std::size_t at = from;
  for (; at + stride + connection_word.size() <= text.size(); at += stride) {
    const char* here = text.data() + at;
    if (!any(perhaps(here) | perhaps(here + sizeof(Bytes)) | perhaps(here + 2 * sizeof(Bytes)) |
             perhaps(here + 3 * sizeof(Bytes))))
      continue;
    for (std::size_t part = at; part < at + stride; part += sizeof(Bytes)) {
      const Bytes places = perhaps(text.data() + part);
      if (!any(places)) continue;
      for (std::size_t place = 0; place < sizeof(Bytes); ++place)
        if (places[place] != 0 && is_candidate(text, part + place, behind)) return part + place;
    }
  }
  for (; at < text.size(); ++at)
    if (is_candidate(text, at, behind)) return at;
  return std::string_view::npos;
}

std::size_t begin_of_line(std::string_view text) {
  const void* newline = ::memrchr(text.data(), '\n', text.size());
  if (newline == nullptr) return 0;
  return static_cast<std::size_t>(static_cast<const char*>(newline) - text.data()) + 1;
}

}  // namespace server_log
