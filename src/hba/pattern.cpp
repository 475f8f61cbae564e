// SPDX-License-Identifier: PostgreSQL
#include "hba/pattern.h"

#include <algorithm>

namespace hba {
namespace {

using State = PatternVerdict::State;

// DUPMAX of src/include/regex/regguts.h.
constexpr int most_repetitions = 255;
// The server's own limit is its stack's.
constexpr int deepest_group = 100;

bool alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Reads once, left to right; the first thing that is refused or undecided ends it.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  PatternVerdict read() {
    if (text_.starts_with("***")) return undecided();
    if (text_.starts_with("(?i)")) at_ = 4;
    alternatives(0);
    if (verdict_.state == State::compiles && !over()) refuse("parentheses () not balanced");
    return verdict_;
  }

 private:
  static PatternVerdict undecided() { return {State::undecided, ""}; }
  [[nodiscard]] bool over() const { return at_ >= text_.size(); }
  [[nodiscard]] char here() const { return text_[at_]; }
  [[nodiscard]] bool stopped() const { return verdict_.state != State::compiles; }
  [[nodiscard]] bool next_is(char c, std::size_t ahead = 0) const {
    return at_ + ahead < text_.size() && text_[at_ + ahead] == c;
  }
  void refuse(const char* why) {
    if (!stopped()) verdict_ = {State::refused, why};
  }
  void leave_undecided() {
    if (!stopped()) verdict_ = undecided();
  }

  void alternatives(int depth) {
    if (depth > deepest_group) return leave_undecided();
    for (;;) {
      branch(depth);
      if (stopped() || !next_is('|')) return;
      ++at_;
    }
  }

  void branch(int depth) {
    while (!stopped() && !over() && here() != '|' && here() != ')') {
      const bool anchor = here() == '^' || here() == '$';
      atom(depth);
      // A quantifier after an anchor is refused; the server says so in its own way.
      if (!stopped() && !anchor)
        quantifier();
      else if (!stopped() && quantifies())
        refuse("quantifier operand invalid");
    }
  }

  [[nodiscard]] bool quantifies() const {
    if (over()) return false;
    const char c = here();
    return c == '*' || c == '+' || c == '?' || (c == '{' && digit_follows());
  }
  [[nodiscard]] bool digit_follows() const {
    return at_ + 1 < text_.size() && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9';
  }

  void atom(int depth) {
    const char c = here();
    if (quantifies()) return refuse("quantifier operand invalid");
    // Bytes of many: how they count is the server encoding's business.
    if ((static_cast<unsigned char>(c) & 0x80U) != 0) return leave_undecided();
    ++at_;
    if (c == '[') return bracket();
    if (c == '\\') {
      if (over()) return refuse("invalid escape \\ sequence");
      if (alphanumeric(here())) return leave_undecided();
      ++at_;
      return;
    }
    if (c != '(') return;
    if (next_is('?')) {
      if (!next_is(':', 1)) return leave_undecided();
      at_ += 2;
    }
    alternatives(depth + 1);
    if (stopped()) return;
    if (over()) return refuse("parentheses () not balanced");
    ++at_;
  }

  void quantifier() {
    if (!quantifies()) return;
    if (here() == '{')
      bounds();
    else
      ++at_;
    if (stopped()) return;
    if (next_is('?')) return leave_undecided();  // non-greedy
    if (quantifies()) refuse("quantifier operand invalid");
  }

  int number() {
    int value = 0;
    while (!over() && here() >= '0' && here() <= '9') {
      value = std::min(value * 10 + (here() - '0'), 100000);
      ++at_;
    }
    return value;
  }

  void bounds() {
    ++at_;
    const int least = number();
    int most = least;
    if (next_is(',')) {
      ++at_;
      most = most_repetitions;
      if (!over() && here() >= '0' && here() <= '9') most = number();
    }
    if (least > most_repetitions || most > most_repetitions || least > most)
      return refuse("invalid repetition count(s)");
    if (!next_is('}')) return over() ? refuse("braces {} not balanced") : leave_undecided();
    ++at_;
    if (least > 20 || most > 20) leave_undecided();  // may be too complex for the server
  }

  /// One character of a bracket list; '\0' where the reading stopped.
  char member() {
    if (over()) {
      refuse("brackets [] not balanced");
      return '\0';
    }
    const char c = here();
    const bool named = c == '[' && (next_is('.', 1) || next_is('=', 1) || next_is(':', 1));
    if (named || c == '\\' || (static_cast<unsigned char>(c) & 0x80U) != 0) leave_undecided();
    ++at_;
    return c;
  }

  void bracket() {
    if (next_is('^')) ++at_;
    for (bool first = true; first || !next_is(']'); first = false) {
      const char from = member();
      if (stopped()) return;
      if (from == '-' && !first && !next_is(']')) return leave_undecided();
      if (!next_is('-') || next_is(']', 1)) continue;
      ++at_;
      const char to = member();
      if (stopped()) return;
      if (to == '-') return leave_undecided();
      if (static_cast<unsigned char>(to) < static_cast<unsigned char>(from))
        return refuse("invalid character range");
    }
    ++at_;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  PatternVerdict verdict_;
};

}  // namespace

PatternVerdict check_pattern(std::string_view pattern) { return Reader(pattern).read(); }

}  // namespace hba
