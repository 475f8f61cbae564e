// SPDX-License-Identifier: PostgreSQL
// Prints docs/errors.md (argument "errors"), docs/hba-findings.md ("hba") or docs/pgseal.1 ("page")
// from the tables that the program itself uses, so that the manual cannot say something else. ./run
// lint compares.
#include <cstdio>
#include <string>
#include <utility>

#include "base/error.h"
#include "cli/options.h"
#include "hba_lint/catalogue.h"

namespace {

void print_errors() {
  std::fputs(
      "# Errors\n\n"
      "Each error has a number that is never used twice, a word for scripts, and the exit status "
      "that\n"
      "a command ends with when the error kept it from its work. This page is printed from the\n"
      "program's own table (`src/base/error.cpp`) by `./run lint --fix`.\n\n"
      "| number | word | exit status | what it means | what to do |\n|---|---|---|---|---|\n",
      stdout);
  for (const base::ErrorRow& row : base::error_table()) {
    std::printf("| %u | `%s` | %d | %s | %s |\n", static_cast<unsigned>(row.code),
                std::string(row.name).c_str(), base::exit_status(row.code),
                std::string(row.meaning).c_str(), std::string(row.remedy).c_str());
  }
}

void print_text(std::string_view text) { std::fwrite(text.data(), 1, text.size(), stdout); }

/// A file's text as a block, with what cannot be seen written as \xNN.
void print_file(std::string_view title, std::string_view text) {
  if (text.empty()) return;
  std::printf("%.*s:\n\n```\n", static_cast<int>(title.size()), title.data());
  for (const char c : text) {
    if (c == '\n' || (c >= ' ' && c <= '~'))
      std::putchar(c);
    else
      std::printf("\\x%02X", static_cast<unsigned>(static_cast<unsigned char>(c)));
  }
  print_text("```\n\n");
}

void print_hba_finding(const hba_lint::CatalogueRow& row) {
  const hba_lint::Example& example = row.example;
  std::printf("## %s\n\n%s. ", std::string(row.code).c_str(), base::to_string(row.severity));
  print_text(row.what);
  print_text("\n\nWhy: ");
  print_text(row.why);
  print_text("\n\nClause: ");
  print_text(row.clause);
  print_text("\n\nRemedy: ");
  print_text(row.remedy);
  print_text("\n\n");
  print_file("For example, as version " + std::string(example.version) + " reads it", example.text);
  for (const hba_lint::ExampleFile& file : example.beside)
    print_file("with the file " + std::string(file.name), file.text);
  print_file("with pg_ident.conf", example.idents);
  print_file("with --roles", example.roles);
  print_file("with --dsn, of a server that tells", example.server);
  if (example.text != example.corrected) print_file("Corrected", example.corrected);
  if (example.idents != example.corrected_idents)
    print_file("Corrected pg_ident.conf", example.corrected_idents);
  if (example.server != example.corrected_server)
    print_file("Corrected on the server", example.corrected_server);
}

void print_hba_findings() {
  print_text(
      "# Findings in a pg_hba.conf\n\n"
      "What `pgseal hba lint` says. An error means that the server refuses the file, or reads it "
      "as something\nelse than it says; a warning, that something is likely not meant or is "
      "unsafe; a note, that it is worth\nknowing. This page is printed from the program's own "
      "table (`src/hba_lint/`) by `./run lint --fix`, and\nits tests find each code in its "
      "example and none in what is corrected. Clauses are pages of PostgreSQL's\nmanual. Bytes "
      "that cannot be seen stand as `\\xNN`.\n\n");
  for (const auto rows : {hba_lint::text_rows(), hba_lint::rule_rows(), hba_lint::server_rows()})
    for (const hba_lint::CatalogueRow& row : rows) print_hba_finding(row);
}

/// Text for roff(7): a hyphen is a minus, and no line is taken for a request.
std::string roff(const std::string& text) {
  std::string safe = text.starts_with('.') || text.starts_with('\'') ? "\\&" : "";
  for (const char c : text) safe += c == '-' ? "\\-" : c == '\\' ? "\\e" : std::string(1, c);
  return safe;
}

void print_options(const cli::DescribedCommand& command) {
  for (const cli::DescribedOption& option : command.options) {
    std::string names;
    for (const std::string& name : option.names) names += (names.empty() ? "" : ", ") + name;
    std::string takes = option.takes;
    if (option.names.empty()) names = std::exchange(takes, "");
    std::string values;  // an option's stand already in what it takes
    if (takes.empty())
      for (const std::string& word : option.words) values += (values.empty() ? "" : ", ") + word;
    std::printf(".TP\n\\fB%s\\fR%s%s%s\n%s%s%s%s.\n", roff(names).c_str(),
                takes.empty() ? "" : " \\fI", roff(takes).c_str(), takes.empty() ? "" : "\\fR",
                roff(option.does).c_str(), values.empty() ? "" : " (", roff(values).c_str(),
                values.empty() ? "" : ")");
  }
}

void print_commands(const cli::DescribedCommand& command, const std::string& path) {
  for (const cli::DescribedCommand& each : command.commands) {
    const std::string whole = path + " " + each.name;
    if (!each.commands.empty()) {
      print_commands(each, whole);
      continue;
    }
    std::printf(".SS %s\n%s.\n", roff(whole).c_str(), roff(each.does).c_str());
    cli::DescribedCommand own = each;
    std::erase_if(own.options, [](const auto& option) {
      return !option.names.empty() && option.names.back() == "--help";
    });
    print_options(own);
  }
}

void print_page() {
  const cli::DescribedCommand program = cli::described_program();
  std::printf(
      ".\\\" SPDX-License-Identifier: PostgreSQL\n"
      ".\\\" Printed from the declarations in src/cli/options.cpp by ./run lint --fix.\n"
      ".TH PGSEAL 1 \"\" \"pgseal %s\" \"\"\n.SH NAME\npgseal \\- PostgreSQL from plaintext to "
      "proven TLS\n.SH SYNOPSIS\n\\fBpgseal\\fR [\\fIOPTION\\fR]... \\fICOMMAND\\fR "
      "[\\fIARGUMENT\\fR]...\n.SH DESCRIPTION\n%s\n.SH OPTIONS\n",
      PGSEAL_VERSION, roff(program.does).c_str());
  print_options(program);
  std::printf(".SH COMMANDS\n");
  print_commands(program, program.name);
  std::printf(".SH EXIT STATUS\n%s\n", roff(program.ends).c_str());
  std::printf(
      ".SH FILES\n.TP\n\\fIpgseal.toml\\fR, \\fI/etc/pgseal/pgseal.toml\\fR\nThe configuration; "
      "\\fBpgseal init\\fR writes one with comments.\n.SH ENVIRONMENT\n.TP\n\\fBPGSEAL_CONFIG\\fR\n"
      "The configuration, where \\fB\\-\\-config\\fR is not given.\n.TP\n\\fBPGSEAL_PASSPHRASE_FD"
      "\\fR\nThe descriptor that the authorities' passphrase is read from.\n.TP\n"
      "\\fBNO_COLOR\\fR\nWhere it is set and not empty, a terminal gets no colours.\n");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string what = argc == 2 ? argv[1] : "";
  if (what == "errors")
    print_errors();
  else if (what == "hba")
    print_hba_findings();
  else if (what == "page")
    print_page();
  else
    return 2;
  return std::ferror(stdout) != 0 || std::fflush(stdout) != 0 ? 1 : 0;
}
