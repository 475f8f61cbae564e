// SPDX-License-Identifier: PostgreSQL
#include <algorithm>

#include "hba/pattern_tree.h"

namespace hba {
namespace {

using State = PatternVerdict::State;
using Kind = PatternNode::Kind;

// DUPMAX of src/include/regex/regguts.h.
constexpr int most_repetitions = 255;
// The server's own limit is its stack's.
constexpr int deepest_group = 100;

PatternNode node(Kind kind) {
  PatternNode made;
  made.kind = kind;
  return made;
}

std::size_t index(char c) { return static_cast<unsigned char>(c); }

// Nested repetitions multiply; the server's limit is the memory of its own automaton.
constexpr std::size_t most_weight = 5000;

std::size_t weight(const PatternNode& of) {
  std::size_t sum = 1;
  for (const PatternNode& child : of.children) sum += weight(child);
  if (of.kind == Kind::repeat) sum *= static_cast<std::size_t>(of.most.value_or(of.least + 1)) + 1;
  return std::min(sum, most_weight + 1);
}

bool alphanumeric(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

/// Reads once, left to right; the first thing that is refused or undecided ends it.
class Reader {
 public:
  explicit Reader(std::string_view text) : text_(text) {}

  ReadPattern read() {
    if (text_.starts_with("***")) return {undecided(), {}};
    ignores_case_ = text_.starts_with("(?i)");
    if (ignores_case_) at_ = 4;
    PatternNode root = alternatives(0);
    if (verdict_.state == State::compiles && !over()) refuse("parentheses () not balanced");
    if (!stopped() && weight(root) > most_weight) leave_undecided();
    return {verdict_, std::move(root)};
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

  PatternNode alternatives(int depth) {
    PatternNode made = node(Kind::choice);
    if (depth > deepest_group) {
      leave_undecided();
      return made;
    }
    for (;;) {
      made.children.push_back(branch(depth));
      if (stopped() || !next_is('|')) return made;
      ++at_;
    }
  }

  PatternNode branch(int depth) {
    PatternNode made = node(Kind::sequence);
    while (!stopped() && !over() && here() != '|' && here() != ')') {
      const bool anchor = here() == '^' || here() == '$';
      PatternNode one = atom(depth);
      // A quantifier after an anchor is refused; the server says so in its own way.
      if (!stopped() && !anchor)
        one = quantified(std::move(one));
      else if (!stopped() && quantifies())
        refuse("quantifier operand invalid");
      made.children.push_back(std::move(one));
    }
    return made;
  }

  [[nodiscard]] bool quantifies() const {
    if (over()) return false;
    const char c = here();
    return c == '*' || c == '+' || c == '?' || (c == '{' && digit_follows());
  }
  [[nodiscard]] bool digit_follows() const {
    return at_ + 1 < text_.size() && text_[at_ + 1] >= '0' && text_[at_ + 1] <= '9';
  }

  PatternNode bytes_of(const std::bitset<256>& bytes) const {
    PatternNode made = node(Kind::bytes);
    made.bytes = bytes;
    if (!ignores_case_) return made;
    for (std::size_t c = 'A'; c <= 'Z'; ++c) {
      const bool either = bytes[c] || bytes[c + ('a' - 'A')];
      made.bytes[c] = either;
      made.bytes[c + ('a' - 'A')] = either;
    }
    return made;
  }
  PatternNode byte(char c) const {
    std::bitset<256> one;
    one.set(index(c));
    return bytes_of(one);
  }

  PatternNode atom(int depth) {
    const char c = here();
    // Bytes of many: how they count is the server encoding's business.
    const bool wide = (index(c) & 0x80U) != 0;
    if (quantifies()) refuse("quantifier operand invalid");
    if (wide) leave_undecided();
    if (stopped()) return {};
    ++at_;
    switch (c) {
      case '[':
        return bracket();
      case '\\':
        return escaped();
      case '^':
        return node(Kind::begin);
      case '$':
        return node(Kind::end);
      case '.':
        return bytes_of(std::bitset<256>().set());
      case '(':
        return group(depth);
      default:
        return byte(c);
    }
  }

  PatternNode escaped() {
    if (over()) refuse("invalid escape \\ sequence");
    if (!stopped() && alphanumeric(here())) leave_undecided();
    return stopped() ? PatternNode() : byte(text_[at_++]);
  }

  PatternNode group(int depth) {
    if (next_is('?')) {
      if (!next_is(':', 1)) {
        leave_undecided();
        return {};
      }
      at_ += 2;
    }
    PatternNode made = alternatives(depth + 1);
    if (!stopped() && over()) refuse("parentheses () not balanced");
    if (!stopped()) ++at_;
    return made;
  }

  PatternNode quantified(PatternNode one) {
    if (!quantifies()) return one;
    PatternNode made = node(Kind::repeat);
    made.children.push_back(std::move(one));
    const char c = here();
    if (c == '{') {
      bounds(made);
    } else {
      made.least = c == '+' ? 1 : 0;
      if (c == '?') made.most = 1;
      ++at_;
    }
    if (stopped()) return made;
    if (next_is('?'))
      leave_undecided();  // non-greedy
    else if (quantifies())
      refuse("quantifier operand invalid");
    return made;
  }

  int number() {
    int value = 0;
    while (!over() && here() >= '0' && here() <= '9') {
      value = std::min(value * 10 + (here() - '0'), 100000);
      ++at_;
    }
    return value;
  }

  void bounds(PatternNode& made) {
    ++at_;
    made.least = number();
    made.most = made.least;
    bool open = false;
    if (next_is(',')) {
      ++at_;
      open = over() || here() < '0' || here() > '9';
      made.most = open ? most_repetitions : number();
    }
    const int least = made.least;
    const int most = *made.most;
    if (open) made.most.reset();
    if (least > most_repetitions || most > most_repetitions || least > most)
      return refuse("invalid repetition count(s)");
    if (!next_is('}')) return over() ? refuse("braces {} not balanced") : leave_undecided();
    ++at_;
    if (least > 20 || (!open && most > 20)) leave_undecided();  // may be too complex for the server
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

  PatternNode bracket() {
    std::bitset<256> bytes;
    const bool others = next_is('^');
    if (others) ++at_;
    for (bool first = true; first || !next_is(']'); first = false) {
      const char from = member();
      if (stopped()) return {};
      if (from == '-' && !first && !next_is(']')) leave_undecided();
      bytes.set(index(from));
      if (!next_is('-') || next_is(']', 1)) continue;
      ++at_;
      const char to = member();
      if (!stopped() && to == '-') leave_undecided();
      if (!stopped() && index(to) < index(from)) refuse("invalid character range");
      if (stopped()) return {};
      for (std::size_t c = index(from); c <= index(to); ++c) bytes.set(c);
    }
    ++at_;
    // What a list without regard to case leaves out is left out in both cases.
    PatternNode made = bytes_of(bytes);
    if (others) made.bytes.flip();
    return made;
  }

  std::string_view text_;
  std::size_t at_ = 0;
  bool ignores_case_ = false;
  PatternVerdict verdict_;
};

}  // namespace

ReadPattern read_pattern(std::string_view pattern) { return Reader(pattern).read(); }

PatternVerdict check_pattern(std::string_view pattern) { return read_pattern(pattern).verdict; }

}  // namespace hba
