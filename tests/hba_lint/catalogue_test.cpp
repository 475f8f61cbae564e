// SPDX-License-Identifier: PostgreSQL
// The table's examples: each shows its code where it says, and what is corrected shows nothing.
#include "hba_lint/catalogue.h"

#include <doctest/doctest.h>
#include <fmt/format.h>

#include <set>

#include "hba/texts.h"
#include "hba_lint/lint.h"

namespace {

using hba_lint::CatalogueRow;
using hba_lint::Example;

const std::string main_file = "pg_hba.conf";
const std::string ident_file = "pg_ident.conf";

std::vector<CatalogueRow> every_row() {
  std::vector<CatalogueRow> all;
  for (const auto rows : {hba_lint::text_rows(), hba_lint::rule_rows(), hba_lint::server_rows()})
    all.insert(all.end(), rows.begin(), rows.end());
  return all;
}

/// Lines "setting = value". What they do not say is as a server has it that shows nothing.
struct Told {
  hba::ServerTraits traits;
  hba_lint::ServerFacts facts;

  explicit Told(std::string_view lines) {
    facts.roles = {"app", "standby", "postgres"};
    facts.databases = {"shop"};
    facts.client_authority = true;
    facts.password_encryption = "scram-sha-256";
    facts.listen_addresses = "*";
    while (!lines.empty()) {
      const std::string_view line = lines.substr(0, lines.find('\n'));
      lines.remove_prefix(line.size() + 1);
      take(line.substr(0, line.find(" = ")), std::string(line.substr(line.find(" = ") + 3)));
    }
  }

 private:
  void take(std::string_view setting, const std::string& value) {
    if (setting == "ssl")
      traits.ssl = value == "on";
    else if (setting == "ssl_ca_file")
      facts.client_authority = value != "''";
    else if (setting == "password_encryption")
      facts.password_encryption = value;
    else if (setting == "listen_addresses")
      facts.listen_addresses = value;
    else if (setting == "superusers")
      facts.superusers = {value};
    else
      FAIL("no such setting: ", setting);
  }
};

hba_lint::Report lint(const Example& example, std::string_view text, std::string_view idents,
                      std::string_view server) {
  hba_tests::Texts beside;
  for (const hba_lint::ExampleFile& file : example.beside)
    if (file.name.ends_with('/'))
      beside.folders[std::string(file.name.substr(0, file.name.size() - 1))] = {};
    else if (!file.name.empty())
      beside.files[std::string(file.name)] = file.text;
  admission::Roles roles;
  if (!example.roles.empty()) {
    const auto read = admission::Roles::parse("roles", example.roles);
    REQUIRE(read);
    roles = *read;
  }
  const auto version = hba::parse_version(example.version);
  REQUIRE(version);
  std::optional<std::string> maps;
  if (!idents.empty()) maps = idents;
  const Told told(server);
  return hba_lint::lint({main_file, text, *version, told.traits, beside, roles, ident_file, maps,
                         server.empty() ? nullptr : &told.facts});
}

std::string said(const base::Findings& findings) {
  std::string all;
  for (const base::Finding& each : findings)
    all += fmt::format("{}:{} {} {}\n", each.file, each.line, each.code, each.message);
  return all;
}

}  // namespace

TEST_CASE("each code's example shows that code at that line, with its severity, and no other") {
  for (const CatalogueRow& row : every_row()) {
    const Example& example = row.example;
    const hba_lint::Report report = lint(example, example.text, example.idents, example.server);
    const std::string all = said(report.findings);
    CAPTURE(row.code);
    CAPTURE(all);
    int shown = 0;
    for (const base::Finding& each : report.findings) {
      if (each.code != row.code) {
        CHECK(each.code == example.also);
        continue;
      }
      ++shown;
      CHECK(each.severity == row.severity);
      CHECK(each.line == example.line);
      const bool about_maps = example.text == example.corrected && example.server.empty();
      CHECK(each.file == (about_maps && row.code != "hba.cert-map" ? ident_file : main_file));
      CHECK(each.hint == row.remedy);
      CHECK(each.clause == row.clause);
      CHECK_FALSE(each.message.empty());
    }
    CHECK(shown == 1);
  }
}

TEST_CASE("what the table calls corrected loads and shows nothing") {
  for (const CatalogueRow& row : every_row()) {
    const Example& example = row.example;
    const hba_lint::Report report =
        lint(example, example.corrected, example.corrected_idents, example.corrected_server);
    const std::string all = said(report.findings);
    CAPTURE(row.code);
    CAPTURE(all);
    CHECK(report.findings.empty());
    CHECK(report.rules.accepted == std::optional(true));
  }
}

TEST_CASE("a code stands in the table once, with all that a page says of it") {
  std::set<std::string_view> codes;
  for (const CatalogueRow& row : every_row()) {
    CAPTURE(row.code);
    CHECK(codes.insert(row.code).second);
    CHECK(row.code.starts_with("hba."));
    for (const std::string_view sentence : {row.what, row.why, row.remedy})
      CHECK(sentence.ends_with("."));
    CHECK(row.clause.starts_with("postgresql "));
  }
}

TEST_CASE("the server refuses exactly the examples of errors that it can see") {
  // What these say is read as something else, or is one of the other notes' lines.
  const std::set<std::string_view> refused_though_no_error = {"hba.null-row"};
  for (const CatalogueRow& row : every_row()) {
    CAPTURE(row.code);
    const bool error = row.severity == base::Severity::error;
    const auto report = lint(row.example, row.example.text, row.example.idents, row.example.server);
    if (row.code == "hba.undecided")
      CHECK_FALSE(report.rules.accepted.has_value());
    else
      CHECK(report.rules.accepted ==
            std::optional(!error && !refused_though_no_error.contains(row.code)));
  }
}
