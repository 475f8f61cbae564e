// SPDX-License-Identifier: PostgreSQL
#include "settings/synchronous.h"

#include <doctest/doctest.h>

using settings::confirming_standbys;

TEST_CASE("how many standbys a commit waits for") {
  CHECK(confirming_standbys("").value() == 0);
  CHECK(confirming_standbys("  ").value() == 0);
  CHECK(confirming_standbys("*").value() == 1);
  CHECK(confirming_standbys("db2, db3").value() == 1);
  CHECK(confirming_standbys("2 (db2, db3, db4)").value() == 2);
  CHECK(confirming_standbys("FIRST 2 (*)").value() == 2);
  CHECK(confirming_standbys("any 1(db2,db3)").value() == 1);
  CHECK(confirming_standbys(" ANY  3  ( \"a b\", * ) ").value() == 3);
  CHECK(confirming_standbys("\"odd (name)\", db3").value() == 1);
}

TEST_CASE("what cannot be understood is an error, not a zero") {
  for (const char* text : {"ANY x (*)", "FIRST (a)", "2 (a", "ANY 0 (*)", "FIRST 99999999999 (*)",
                           "-1 (a)", "EACH 2 (a)"})
    CHECK_FALSE(confirming_standbys(text));
}
