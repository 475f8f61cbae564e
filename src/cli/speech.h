// SPDX-License-Identifier: PostgreSQL
// The rules of speech, in one place:
//   1. results go to standard output, talk to standard error;
//   2. messages are PostgreSQL's style: message, DETAIL, HINT;
//   3. whatever comes from a host, a server or a file passes base::printable on its way out;
//   4. with --json standard output holds one document and nothing else.
#pragma once

#include <cstdio>
#include <string>

#include "base/error.h"
#include "base/finding.h"

namespace cli {

class Speech {
 public:
  Speech(std::FILE* out, std::FILE* talk, bool quiet, bool color)
      : out_(out), talk_(talk), quiet_(quiet), color_(color) {}

  /// A result: as it stands, already escaped by whoever composed it.
  void result(const std::string& text);
  /// Talk: silent with --quiet.
  void say(const std::string& line);
  void error(const base::Error& error);

  [[nodiscard]] bool quiet() const { return quiet_; }
  [[nodiscard]] bool color() const { return color_; }
  [[nodiscard]] std::FILE* talk() const { return talk_; }

 private:
  std::FILE* out_;
  std::FILE* talk_;
  bool quiet_;
  bool color_;
};

/// An error in PostgreSQL's form, one line each, escaped.
std::string text_of(const base::Error& error);
/// A finding: "db1 /etc/…/postgresql.conf:14: warning server.x: …" with its detail, hint, clause.
std::string text_of(const base::Finding& finding);
std::string text_of(const base::Findings& findings);

/// "3 steps", "1 step"
std::string count(std::size_t number, const char* one, const char* many);

}  // namespace cli
