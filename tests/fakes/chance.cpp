// SPDX-License-Identifier: PostgreSQL
#define OPENSSL_SUPPRESS_DEPRECATED  // RAND_set_rand_method: its successor is a provider of one's
                                     // own
#include "fakes/chance.h"

#include <openssl/rand.h>

#include <mutex>
#include <random>

namespace fakes {
namespace {

std::mt19937_64& dice() {
  static thread_local std::mt19937_64 generator{std::random_device{}()};
  return generator;
}

int draw(unsigned char* bytes, int count) {
  for (int i = 0; i < count; ++i) bytes[i] = static_cast<unsigned char>(dice()());
  return 1;
}

int ready() { return 1; }

}  // namespace

void seed_chance(std::uint64_t seed) {
  static std::once_flag once;
  std::call_once(once, [] {
    static constexpr RAND_METHOD method = {nullptr, draw, nullptr, nullptr, draw, ready};
    RAND_set_rand_method(&method);
  });
  dice().seed(seed);
}

}  // namespace fakes
