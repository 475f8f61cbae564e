// SPDX-License-Identifier: PostgreSQL
#include "base/text.h"

#include <doctest/doctest.h>

using base::printable;
using base::printable_line;
using base::unbase64;

TEST_CASE("a terminal escape in foreign text becomes visible characters") {
  CHECK(printable("\x1b[31mred") == "\\x1b[31mred");
  CHECK(printable("a\xc2\x9b"
                  "b") == "a\\x9bb");
}

TEST_CASE("bytes that are not UTF-8 become hexadecimal") {
  CHECK(printable("caf\xe9") == "caf\\xe9");
  CHECK(printable("\xc0\xaf") == "\\xc0\\xaf");
  CHECK(printable("\xed\xa0\x80") == "\\xed\\xa0\\x80");
}

TEST_CASE("a right-to-left override cannot turn a name around") {
  CHECK(printable("db\xe2\x80\xae"
                  "1") == "db\\u{202e}1");
}

TEST_CASE("a newline stays in a text and is escaped in a name") {
  CHECK(printable("a\nb") == "a\nb");
  CHECK(printable_line("a\nb") == "a\\x0ab");
}

TEST_CASE("base64 takes back what it wrote and nothing else") {
  for (std::size_t length = 0; length < 40; ++length) {
    std::string bytes;
    for (std::size_t i = 0; i < length; ++i) bytes += static_cast<char>(i * 37 + length);
    CHECK(unbase64(base::base64(bytes)) == bytes);
  }
  CHECK(base::base64("foob") == "Zm9vYg==");  // RFC 4648 section 10
  CHECK_FALSE(unbase64("Zm9vYg="));
  CHECK_FALSE(unbase64("Zm9vYh=="));  // bits left over
  CHECK_FALSE(unbase64("Zm9v Yg="));
  CHECK_FALSE(unbase64("===="));
}

TEST_CASE("the nearest known word is offered only when it is near") {
  const std::vector<std::string_view> known = {"database", "address", "names"};
  CHECK(base::nearest("databse", known) == "database");
  CHECK(base::nearest("zzzzzz", known).empty());
}

TEST_CASE("percent signs are undone, and refused where they stand for nothing") {
  CHECK(base::percent_decoded("a%20b%2Fc%2f") == "a b/c/");
  CHECK(base::percent_decoded("") == "");
  for (const char* wrong : {"%", "a%2", "%zz", "%00", "%2%20"})
    CHECK_FALSE(base::percent_decoded(wrong));
}
