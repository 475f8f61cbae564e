// SPDX-License-Identifier: PostgreSQL
// What `lint --fix` writes: the word in question and not a byte beside it, and a file that says
// what it said.
#include "hba_lint/fix.h"

#include <doctest/doctest.h>

#include "admission/compare.h"
#include "admission/small_world.h"
#include "hba/cases.h"
#include "hba/texts.h"
#include "hba_lint/catalogue.h"

namespace {

using hba_lint::Fixed;

const hba_tests::Texts nothing_beside;
const admission::Roles no_roles;

Fixed fix(std::string_view text, int major) {
  static const auto roles = admission::Roles::parse("roles", "bob dev\n");
  REQUIRE(roles);
  return hba_lint::fix({"pg_hba.conf", text, {major, 99}, {}, nothing_beside, *roles});
}

std::string codes_of(const Fixed& fixed) {
  std::string all;
  for (const hba_lint::Correction& each : fixed.corrections) {
    all += std::to_string(each.line) + ":";
    for (const std::string& code : each.codes) all += code + " ";
  }
  return all;
}

bool equivalent(std::string_view before, std::string_view after, int major) {
  const hba::Version version{major, 99};
  const hba::IdentFile idents;
  const auto read = [&](std::string_view text) {
    hba::RuleFile rules = hba::read_rules("pg_hba.conf", text, version, {}, nothing_beside);
    REQUIRE(rules.accepted == std::optional(true));
    return rules;
  };
  const hba::RuleFile old_rules = read(before);
  const hba::RuleFile new_rules = read(after);
  return admission::compare({old_rules, idents, no_roles, version, {}},
                            {new_rules, idents, no_roles, version, {}})
      .equivalent;
}

/// Rules of the small world, some of them with what a remedy is for.
std::string random_file(small_world::Dice& dice) {
  static const small_world::Pool slips = {"10.0.0.3/29", "10.0.0.9/28", "10.0.0.5 255.255.255.248",
                                          "10.0.0.1/32"};
  static const small_world::Pool methods = {"trust", "reject", "md5", "scram-sha-256",
                                            "md5 clientcert=verify-ca clientcert=verify-full"};
  std::string text;
  for (std::size_t lines = 1 + dice.below(8); lines > 0; --lines) {
    const std::string type = dice.one_of(small_world::types);
    text += type + (dice.below(2) == 0 ? " " : "\t") + dice.one_of(small_world::databases) + " " +
            dice.one_of(small_world::users);
    if (type != "local")
      text += " " + dice.one_of(dice.below(3) == 0 ? slips : small_world::addresses);
    const std::string& method = dice.one_of(methods);
    text += " " + (type == "hostssl" ? method : method.substr(0, method.find(' ')));
    text += dice.below(4) == 0 ? " # why\n" : "\n";
  }
  return text;
}

}  // namespace

TEST_CASE("a word is corrected, and no other byte") {
  struct Case {
    const char* sentence;
    int major;
    const char* before;
    const char* after;
  };
  for (const Case& each : {
           Case{"clientcert=1 of 13 is verify-ca", 15,
                "# mine\n\thostssl\tall,\"all\"  all\t10.0.0.0/8 md5   clientcert=1 # "
                "clientcert=1\n",
                "# mine\n\thostssl\tall,\"all\"  all\t10.0.0.0/8 md5   clientcert=verify-ca # "
                "clientcert=1\n"},
           Case{"no-verify of 13 is nothing", 14,
                "hostssl all all 10.0.0.0/8 md5 \t clientcert=no-verify\r\n",
                "hostssl all all 10.0.0.0/8 md5\r\n"},
           Case{"0 is nothing", 18, "hostssl all all all scram-sha-256 clientcert=0",
                "hostssl all all all scram-sha-256"},
           Case{"over lines that are continued", 16,
                "hostssl all all \\\n  10.0.0.0/8 md5 \\\n clientcert=1\n",
                "hostssl all all \\\n  10.0.0.0/8 md5 \\\n clientcert=verify-ca\n"},
           Case{"a role of the option's name", 15,
                "hostssl all clientcert=1 10.0.0.0/8 md5 clientcert=1\n",
                "hostssl all clientcert=1 10.0.0.0/8 md5 clientcert=verify-ca\n"},
           Case{"the network's own address", 15, "host all all 10.1.2.3/8 scram-sha-256\n",
                "host all all 10.0.0.0/8 scram-sha-256\n"},
           Case{"with a mask", 15, "host all all 10.1.2.3 255.255.0.0 scram-sha-256\n",
                "host all all 10.1.0.0 255.255.0.0 scram-sha-256\n"},
           Case{"of version 6", 15, "host all all 2001:db8::7/32 scram-sha-256\n",
                "host all all 2001:db8::/32 scram-sha-256\n"},
           Case{"one address", 15, "host all all 10.1.2.3 scram-sha-256\n",
                "host all all 10.1.2.3/32 scram-sha-256\n"},
           Case{"one address of version 6", 15, "host all all ::1 trust\n",
                "host all all ::1/128 trust\n"},
           Case{"two mistakes of a line", 15, "HOSTSSL all all 10.1.2.3/8 MD5 clientcert=1\n",
                "hostssl all all 10.0.0.0/8 md5 clientcert=verify-ca\n"},
           Case{"a byte-order mark", 15, "\xEF\xBB\xBF# all\nlocal all all peer\n",
                "# all\nlocal all all peer\n"},
           Case{"nothing but a byte-order mark and a rule", 15, "\xEF\xBB\xBFlocal all all PEER",
                "local all all peer"},
           Case{"a byte-order mark before a rule of two lines", 15,
                "\xEF\xBB\xBFHOST all all \\\n 10.0.0.1 MD5\nlocal all all peer\n",
                "host all all \\\n 10.0.0.1/32 md5\nlocal all all peer\n"},
           Case{"many mistakes of a line", 15,
                "local all all peer map=a map=b map=c map=d map=e map=f map=g map=h map=i map=j "
                "map=k\n",
                "local all all peer map=k\n"},
           Case{"an option that stands twice", 15, "local all all peer map=one map=two\n",
                "local all all peer map=two\n"},
           Case{"a rule that never decides", 15,
                "host all all 10.0.0.0/8 scram-sha-256\n# why?\nhost all app 10.1.0.0/16 "
                "scram-sha-256\nhost all all all reject\n",
                "host all all 10.0.0.0/8 scram-sha-256\n# why?\nhost all all all reject\n"},
       }) {
    CAPTURE(each.sentence);
    const Fixed fixed = fix(each.before, each.major);
    CHECK(fixed.text == each.after);
    CHECK(!fixed.corrections.empty());
    for (const base::Finding& left : fixed.report.findings) {
      CAPTURE(left.code);
      CHECK_FALSE(hba_lint::has_safe_remedy(left.code));
    }
  }
}

TEST_CASE("what would change who gets in, or what is not clear, stays") {
  struct Case {
    const char* sentence;
    int major;
    const char* text;
  };
  for (const Case& each : {
           Case{"verify-full before 12 asks for nothing, and would then", 11,
                "hostssl all all 10.0.0.0/8 md5 clientcert=verify-full\n"},
           Case{"a rule that was meant to decide", 15,
                "host all all 10.0.0.0/8 scram-sha-256\nhost all app 10.1.0.0/16 reject\n"},
           Case{"a word that may be a name", 15, "host ALL all 10.0.0.0/8 scram-sha-256\n"},
           Case{"a short address", 15, "host all all 10.1 scram-sha-256\n"},
           Case{"a switch that is off by its value", 15,
                "host all all all gss include_realm=yes\n"},
           Case{"parts of an ldapurl", 15,
                "host all all all ldap ldapport=1 ldapurl=ldap://a/b ldapport=2\n"},
           Case{"a quoted option", 15, "hostssl all all all md5 \"clientcert=1\"\n"},
           Case{"md5", 15, "hostssl all all 10.0.0.0/8 md5\n"},
           Case{"an address that was meant as a network", 15, "host all all 10.0.0.0 md5\n"},
           Case{"who is to be kept out", 15, "host all all 10.1.2.3 reject\n"},
           Case{"a word behind one that is no method", 15, "host all all 10.0.0.0/8 Foo MD5\n"},
           Case{"two of clientcert, of which the last held", 16,
                "hostssl all all 10.0.0.0/8 md5 clientcert=verify-full clientcert=0\n"},
           Case{"a member of today", 16,
                "host all +dev 10.0.0.0/8 scram-sha-256\nhost all bob 10.0.0.0/8 scram-sha-256\n"},
           Case{"plaintext", 15, "host all all 10.0.0.0/8 scram-sha-256\n"},
           Case{"no file", 15, ""},
           Case{"only a byte that is none", 15, "\xEF\xBB"},
       }) {
    CAPTURE(each.sentence);
    const Fixed fixed = fix(each.text, each.major);
    CHECK(fixed.text == each.text);
    CHECK(codes_of(fixed).empty());
  }
}

TEST_CASE("each example of the table whose code has a safe remedy is mended as the table says") {
  int mended = 0;
  for (const auto rows : {hba_lint::text_rows(), hba_lint::rule_rows()})
    for (const hba_lint::CatalogueRow& row : rows) {
      if (!hba_lint::has_safe_remedy(row.code)) continue;
      CAPTURE(row.code);
      const auto version = hba::parse_version(row.example.version);
      REQUIRE(version);
      const Fixed fixed = fix(row.example.text, version->major);
      std::string corrected(row.example.corrected);
      // The table shows what is best, and what 13 read is verify-ca.
      if (row.code == "hba.clientcert-value")
        corrected.replace(corrected.find("verify-full"), 11, "verify-ca");
      CHECK(fixed.text == corrected);
      ++mended;
    }
  CHECK(mended == 8);
}

TEST_CASE("the platform's rules load after it, and say what 13 read in them") {
  std::string text;
  for (const char* way : {"shop deploy 10.0.0.0/8", "all deploy ::1/128",
                          "replication postgres "
                          "10.0.0.0/8",
                          "all postgres 10.0.0.0/8"}) {
    text += std::string("hostssl ") + way + " md5 clientcert=1\n";
    text += std::string("hostnossl ") + way + " reject\n";
  }
  text += "local all all trust\nhost all all 127.0.0.1/32 trust\n";
  for (const int major : {14, 15, 16, 17, 18}) {
    const Fixed fixed = fix(text, major);
    CHECK(fixed.corrections.size() == 4);
    CHECK(fixed.report.rules.accepted == std::optional(true));
    CHECK(equivalent(text, fixed.text, 13));
  }
  for (const int major : {10, 11, 12, 13}) CHECK(fix(text, major).text == text);
}

TEST_CASE("two rules that never decide are taken out together only where a third decides") {
  const std::string text =
      "host all all 10.0.0.0/8 scram-sha-256\nhost all all 10.0.0.0/8 scram-sha-256\n"
      "host all app 10.0.0.0/16 scram-sha-256\n";
  const Fixed fixed = fix(text, 15);
  CHECK(codes_of(fixed) == "2:hba.redundant 3:hba.redundant ");
  CHECK(equivalent(text, fixed.text, 15));
}

TEST_CASE("a file that loads says the same when it is mended") {
  long corrections = 0;
  constexpr std::uint64_t files = 2000;
  for (std::uint64_t seed = 1; seed <= files; ++seed) {
    small_world::Dice dice(seed);
    const std::string text = random_file(dice);
    const Fixed fixed = fix(text, 15);
    CAPTURE(seed);
    CAPTURE(text);
    corrections += static_cast<long>(fixed.corrections.size());
    CHECK(equivalent(text, fixed.text, 15));
    CHECK(fix(fixed.text, 15).text == fixed.text);
  }
  CHECK(corrections > static_cast<long>(files));
}

TEST_CASE("what real servers loaded says the same when it is mended, and stays loadable") {
  int mended = 0;
  for (const hba_tests::Case& each :
       hba_tests::read_cases(PGSEAL_TEST_FOLDER "/../hba/cases/hba-cases.tsv"))
    for (int major = each.first; major <= each.last; ++major) {
      const auto version = hba::parse_version(std::to_string(major));
      REQUIRE(version);
      const Fixed fixed =
          hba_lint::fix({hba_tests::main_file, each.text, *version, each.traits, each.beside,
                         no_roles, "/data/pg_ident.conf", each.idents});
      const auto read = [&](std::string_view text) {
        return hba::read_rules(hba_tests::main_file, text, *version, each.traits, each.beside);
      };
      const hba::RuleFile before = read(each.text);
      if (before.accepted == std::optional(false) || fixed.corrections.empty()) continue;
      CAPTURE(each.id);
      CAPTURE(major);
      const hba::RuleFile after = read(fixed.text);
      CHECK(after.accepted == before.accepted);
      const hba::IdentFile idents;
      CHECK(admission::compare({before, idents, no_roles, *version, each.traits},
                               {after, idents, no_roles, *version, each.traits})
                .equivalent);
      ++mended;
    }
  CHECK(mended > 20);
}

TEST_CASE("a correction shows all lines that it replaces") {
  const std::string text = "\xEF\xBB\xBFHOST all all \\\n 10.0.0.1 MD5\nlocal all all peer\n";
  const Fixed fixed = fix(text, 15);
  REQUIRE(fixed.corrections.size() == 1);
  CHECK(fixed.corrections[0].before == text.substr(0, text.find("local")));
  CHECK(fixed.corrections[0].after == "host all all \\\n 10.0.0.1/32 md5\n");
}
