// SPDX-License-Identifier: PostgreSQL
#include "hba/mask.h"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

using hba::mask_secrets;

TEST_CASE("a value is masked, its neighbours stay") {
  CHECK(mask_secrets("host all all all ldap ldapserver=h ldapbindpasswd=s3 ldapport=389 # c\n") ==
        "host all all all ldap ldapserver=h ldapbindpasswd=******** ldapport=389 # c\n");
}

TEST_CASE("quotes around the value or the whole token keep their places") {
  CHECK(mask_secrets("x ldapbindpasswd=\"a b\" y") == "x ldapbindpasswd=\"********\"");
  CHECK(mask_secrets("x \"ldapbindpasswd=a b\" ldapport=1") ==
        "x \"ldapbindpasswd=********\" ldapport=1");
  CHECK(mask_secrets("x ldapbindpasswd=\"a \"\"b\",ldapport=1") ==
        "x ldapbindpasswd=\"********\",ldapport=1");
  CHECK(mask_secrets("x ldap\"bindpasswd=a\" map=m") == "x ldap\"bindpasswd=********\" map=m");
}

TEST_CASE("an empty value does not swallow the next option") {
  CHECK(mask_secrets("x ldapbindpasswd=\"\" ldapport=389") == "x ldapbindpasswd=\"\" ldapport=389");
}

TEST_CASE("every item of a list of RADIUS secrets is masked") {
  CHECK(mask_secrets("x radius radiussecrets=\"a,b\" radiusservers=\"h,i\"") ==
        "x radius radiussecrets=\"********\" radiusservers=\"h,i\"");
  CHECK(mask_secrets("x radiussecrets=a, b=,c radiusports=1") ==
        "x radiussecrets=******** radiusports=1");
}

TEST_CASE("a value that continues on the next line is masked and lines keep their numbers") {
  CHECK(mask_secrets("x ldapbind\\\npasswd=ab\\\r\ncd map=m\ny\n") ==
        "x ldapbind\\\npasswd=********\\\r\n map=m\ny\n");
}

TEST_CASE("comments are masked where they hold a value, and prose is left alone") {
  CHECK(mask_secrets("# host all ldapbindpasswd=s3\n") == "# host all ldapbindpasswd=********\n");
  CHECK(mask_secrets("# see ldapbindpasswd in the manual\n") ==
        "# see ldapbindpasswd in the manual\n");
}

TEST_CASE("a slip in writing the option shows nothing") {
  CHECK(mask_secrets("x ldapbindpasswd = my s3 map=m") == "x ldapbindpasswd = ******** map=m");
  CHECK(mask_secrets("x LDAPBINDPASSWD s3") == "x LDAPBINDPASSWD ********");
  CHECK(mask_secrets("x ldapbindpasswd=a#b") == "x ldapbindpasswd=********");
}

TEST_CASE("the password inside an LDAP URL is masked") {
  CHECK(mask_secrets("x ldapurl=\"ldap://u:s3@h/dc=x\" map=m") ==
        "x ldapurl=\"ldap://u:********@h/dc=x\" map=m");
}

TEST_CASE("an option inside what looks like a URL is still an option") {
  CHECK(mask_secrets("x a://bradiussecrets=s3:y@h") == "x a://bradiussecrets=********");
}

namespace {

std::string random_text(std::mt19937& random, const std::vector<std::string>& words,
                        std::size_t most) {
  std::string text;
  for (std::size_t i = random() % (most + 1); i > 0; --i) text += words[random() % words.size()];
  return text;
}

const std::vector<std::string> words = {"host",
                                        "all",
                                        "ldap",
                                        " ",
                                        " ",
                                        "\t",
                                        ",",
                                        "\"",
                                        "\"",
                                        "#",
                                        "\\",
                                        "\\\n",
                                        "\n",
                                        "\r\n",
                                        "=",
                                        "@f",
                                        "ldapserver=h",
                                        "map=m",
                                        std::string(1, '\0'),
                                        "\xc3\xa9",
                                        "a:b",
                                        "//"};

}  // namespace

TEST_CASE("for any text without the options, every byte stays") {
  std::mt19937 random(1);
  for (int i = 0; i < 5000; ++i) {
    const std::string text = random_text(random, words, 30);
    REQUIRE(mask_secrets(text) == text);
  }
}

TEST_CASE("a planted secret never survives, lines keep their number, and masking twice is once") {
  const std::vector<std::string> near = {"",   "a", "\"", "\\\n", "x y", ",",
                                         ", ", "#", "=",  "\"\"", "\\"};
  std::mt19937 random(2);
  const auto pick = [&](const std::vector<std::string>& from) {
    return from[random() % from.size()];
  };
  for (int i = 0; i < 20000; ++i) {
    const std::string secret = "S3CRETBYTES";
    const std::string text =
        random_text(random, words, 12) + pick({"\n", " ", ",", "\""}) +
        pick({"ldapbindpasswd", "radiussecrets", "ldap\"\"bindpasswd", "radius\\\nsecrets"}) + "=" +
        pick(near) + secret + pick(near) + pick({"", " ", "\n", "\""}) +
        random_text(random, words, 12);
    INFO(text);
    const std::string safe = mask_secrets(text);
    REQUIRE(safe.find(secret) == std::string::npos);
    REQUIRE(std::count(safe.begin(), safe.end(), '\n') ==
            std::count(text.begin(), text.end(), '\n'));
    REQUIRE(mask_secrets(safe) == safe);
  }
}

TEST_CASE("a message of the server's repeats no word of a secret") {
  const std::string line = "host all all all ldap ldapserver=x ldapbindpasswd=my S-ECRET";
  CHECK(hba::mask_message("authentication option not in name=value format: S-ECRET", line) ==
        "authentication option not in name=value format: ********");
  CHECK(hba::mask_message("a mystery, my S-ECRETS and \"@S-ECRET\"", line) ==
        "a mystery, ******** S-ECRETS and \"@********\"");
  CHECK(hba::mask_message("invalid authentication method \"ldapbindpasswd=one\"",
                          "host all all all ldapbindpasswd=one")
            .find("one") == std::string::npos);
  CHECK(hba::mask_message("could not open \"/etc/hidden\"",
                          "host all all all ldap ldapbindpasswd= @hidden") ==
        "could not open \"/etc/********\"");
  CHECK(hba::mask_message("invalid IP mask \"md5\"", "host all all 10.0.0.1 md5") ==
        "invalid IP mask \"md5\"");
}
