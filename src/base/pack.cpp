// SPDX-License-Identifier: PostgreSQL
#include "base/pack.h"

#include <cstdint>
#include <cstring>

namespace base {

std::string pack(const std::vector<std::string>& items) {
  std::string bytes;
  for (const std::string& item : items) {
    const std::uint64_t size = item.size();
    char head[sizeof size];
    std::memcpy(head, &size, sizeof size);
    bytes.append(head, sizeof size).append(item);
  }
  return bytes;
}

Result<std::vector<std::string>> unpack(std::string_view bytes) {
  std::vector<std::string> items;
  while (!bytes.empty()) {
    std::uint64_t size = 0;
    if (bytes.size() < sizeof size) return error(Code::parse, "packed list ends within a length");
    std::memcpy(&size, bytes.data(), sizeof size);
    bytes.remove_prefix(sizeof size);
    if (bytes.size() < size) return error(Code::parse, "packed list ends within an item");
    items.emplace_back(bytes.substr(0, size));
    bytes.remove_prefix(size);
  }
  return items;
}

}  // namespace base
