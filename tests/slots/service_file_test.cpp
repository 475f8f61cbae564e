// SPDX-License-Identifier: PostgreSQL
#include "slots/service_file.h"

#include "slots/house.h"

using house::must;
using slots::with_entry;

namespace {
const slots::ServiceEntry entry{"pgseal-shop-app", "app", "/h/c", "/h/k", "/h/r"};
const std::string block =
    "# begin pgseal-shop-app: written by pgseal, changes are lost\n"
    "[pgseal-shop-app]\nuser=app\nsslmode=verify-full\nsslcert=/h/c\nsslkey=/h/k\n"
    "sslrootcert=/h/r\n# end pgseal-shop-app\n";
}  // namespace

TEST_CASE("an entry goes to the end of the service file, and foreign text stays byte for byte") {
  CHECK(must(with_entry("", entry)) == block);
  const std::string foreign = "# \xff\n[x]\r\nhost = y  \n";
  CHECK(must(with_entry(foreign, entry)) == foreign + block);
  CHECK(must(with_entry("[x]", entry)) == "[x]\n" + block);
}

TEST_CASE("an entry that is there is replaced in its place") {
  slots::ServiceEntry moved = entry;
  moved.key = "/other";
  const std::string before = must(with_entry("[a]\n", moved)) + "[b]\nhost=z";
  CHECK(must(with_entry(before, entry)) == "[a]\n" + block + "[b]\nhost=z");
  CHECK(must(with_entry(must(with_entry(before, entry)), entry)) ==
        "[a]\n" + block + "[b]\nhost=z");
}

TEST_CASE("a section of our name that pgseal did not write is left") {
  CHECK_FALSE(with_entry("[pgseal-shop-app]\nhost=theirs\n", entry));
  CHECK_FALSE(with_entry(block + "[pgseal-shop-app]\nhost=theirs\n", entry));
}

TEST_CASE("a block that lost its end is left") {
  CHECK_FALSE(with_entry(block.substr(0, block.size() - 10), entry));
}

TEST_CASE("a marker counts at the end of a file that has no last newline") {
  const std::string begin = block.substr(0, block.find('\n'));
  CHECK_FALSE(with_entry("[x]\n" + begin, entry));
  CHECK(must(with_entry(block.substr(0, block.size() - 1), entry)) == block);
}

TEST_CASE("a value that a service file cannot carry is refused") {
  for (const std::string& value :
       {std::string("a\nhost=evil"), std::string(), std::string(" a"), std::string(300, 'x')}) {
    slots::ServiceEntry bad = entry;
    bad.user = value;
    CHECK_FALSE(with_entry("", bad));
  }
  slots::ServiceEntry bracket = entry;
  bracket.section = "a]b";
  CHECK_FALSE(with_entry("", bracket));
}
