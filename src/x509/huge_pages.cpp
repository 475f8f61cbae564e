// SPDX-License-Identifier: PostgreSQL
#include "x509/huge_pages.h"

#include <openssl/crypto.h>
#include <sys/mman.h>

#include <cstdlib>

namespace x509 {
namespace {

constexpr std::size_t large = 4UL << 20U;
constexpr std::size_t huge_page = 2UL << 20U;

void* allocate(std::size_t size, const char* /*file*/, int /*line*/) {
  if (size < large) return std::malloc(size);
  const std::size_t whole = (size + huge_page - 1) / huge_page * huge_page;
  if (whole < size) return nullptr;
  void* block = std::aligned_alloc(huge_page, whole);
  if (block != nullptr) ::madvise(block, whole, MADV_HUGEPAGE);  // refused: ordinary pages
  return block;
}

void* reallocate(void* block, std::size_t size, const char* /*file*/, int /*line*/) {
  return std::realloc(block, size);
}

void release(void* block, const char* /*file*/, int /*line*/) { std::free(block); }

}  // namespace

void use_huge_pages() { CRYPTO_set_mem_functions(allocate, reallocate, release); }

}  // namespace x509
