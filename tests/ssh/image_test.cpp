// SPDX-License-Identifier: PostgreSQL
#include "ssh/image.h"

#include <doctest/doctest.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/fd.h"
#include "x509/digest.h"

namespace {

/// A file in place of the node's executable, longer than one block of the measuring.
struct Executable {
  std::string path;
  std::string bytes = std::string(200'001, 'n');

  Executable() {
    char name[] = "/tmp/pgseal-image-XXXXXX";
    const base::Fd made(::mkstemp(name));
    path = name;
    put(bytes);
  }
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;
  ~Executable() { ::unlink(path.c_str()); }

  void put(const std::string& text) const { REQUIRE(base::write_file_durably(path, text, 0755)); }
};

}  // namespace

TEST_CASE("the node's image is measured whole, by its SHA-256 and its bytes") {
  const Executable file;
  ssh::NodeImage image(file.path);
  const auto facts = image.facts();
  REQUIRE(facts);
  CHECK(facts->sha256 == x509::sha256_hex(file.bytes));
  CHECK(facts->size == file.bytes.size());
  const auto packed = image.gzip();
  REQUIRE(packed);
  CHECK((*packed)->size() < file.bytes.size());
}

TEST_CASE("an image that was replaced since it was measured is not sent") {
  const Executable file;
  ssh::NodeImage image(file.path);
  REQUIRE(image.facts());
  file.put("another build");
  const auto refused = image.gzip();
  REQUIRE_FALSE(refused);
  CHECK(refused.error().code == base::Code::link_install);
  CHECK(refused.error().message == "\"" + file.path + "\" was replaced a moment ago");
}

TEST_CASE("an image that is not there cannot be measured") {
  ssh::NodeImage image("/nonexistent/pgseal-node");
  const auto facts = image.facts();
  REQUIRE_FALSE(facts);
  CHECK(facts.error().code == base::Code::link_install);
}
