// SPDX-License-Identifier: PostgreSQL
// The rules of speech, in one place:
//   1. results go to standard output, talk to standard error;
//   2. messages are PostgreSQL's style: message, DETAIL, HINT;
//   3. whatever comes from a host, a server or a file passes base::printable on its way out;
//   4. with --json standard output holds one document and nothing else;
//   5. only severities, states and verdicts have a colour, and their word says the same without it.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/finding.h"

namespace cli {

enum class Tone { good, middling, bad };

/// Colours of a stream, or none.
struct Ink {
  bool on = false;
  [[nodiscard]] std::string operator()(Tone tone, std::string_view word) const;
  [[nodiscard]] std::string operator()(base::Severity severity) const;
};

class Speech {
 public:
  struct Stream {
    std::FILE* file;
    Ink ink;
  };
  Speech(Stream out, Stream talk, bool quiet) : out_(out), talk_(talk), quiet_(quiet) {}

  /// A result: as it stands, already escaped by whoever composed it.
  void result(const std::string& text);
  /// errno of the first result that could not be written whole, 0 none.
  [[nodiscard]] int result_lost() const { return lost_; }
  /// Talk: silent with --quiet.
  void say(const std::string& line);
  void error(const base::Error& error);

  [[nodiscard]] bool quiet() const { return quiet_; }
  /// Of results, and of talk.
  [[nodiscard]] Ink ink() const { return out_.ink; }
  [[nodiscard]] Ink talk_ink() const { return talk_.ink; }
  [[nodiscard]] std::FILE* talk() const { return talk_.file; }

 private:
  Stream out_;
  Stream talk_;
  bool quiet_;
  int lost_ = 0;
};

/// An error in PostgreSQL's form, one line each, escaped.
std::string text_of(const base::Error& error, Ink ink);
/// A finding: "db1 /etc/…/postgresql.conf:14: warning server.x: …" with its detail, hint, clause.
std::string text_of(const base::Finding& finding, Ink ink);
std::string text_of(const base::Findings& findings, Ink ink);

/// "3 steps", "1 step"
std::string count(std::size_t number, const char* one, const char* many);

}  // namespace cli
