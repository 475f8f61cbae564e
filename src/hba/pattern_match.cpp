// SPDX-License-Identifier: PostgreSQL
// Trying a pattern: an automaton of Thompson's, run on all its states at once.
#include "hba/pattern.h"
#include "hba/pattern_tree.h"

namespace hba {
namespace {

using Step = Pattern::Step;

/// Steps are made from the end to the beginning: each knows where it goes on.
class Builder {
 public:
  Builder(std::vector<Step>& steps, std::vector<std::vector<bool>>& sets)
      : steps_(steps), sets_(sets) {}

  std::size_t add(const Step& step) {
    steps_.push_back(step);
    return steps_.size() - 1;
  }

  /// The step at which `node` begins that goes on at `next`.
  std::size_t build(const PatternNode& node, std::size_t next) {
    switch (node.kind) {
      case PatternNode::Kind::bytes: {
        std::vector<bool> set(256);
        for (std::size_t c = 0; c < 256; ++c) set[c] = node.bytes[c];
        sets_.push_back(std::move(set));
        return add({Step::Kind::bytes, sets_.size() - 1, next, 0});
      }
      case PatternNode::Kind::begin:
        return add({Step::Kind::begin, 0, next, 0});
      case PatternNode::Kind::end:
        return add({Step::Kind::end, 0, next, 0});
      case PatternNode::Kind::sequence:
        for (auto child = node.children.rbegin(); child != node.children.rend(); ++child)
          next = build(*child, next);
        return next;
      case PatternNode::Kind::choice: {
        std::size_t made = build(node.children.back(), next);
        for (std::size_t i = node.children.size() - 1; i-- > 0;)
          made = add({Step::Kind::fork, 0, build(node.children[i], next), made});
        return made;
      }
      case PatternNode::Kind::repeat:
        return repeat(node, next);
    }
    return next;
  }

 private:
  std::size_t repeat(const PatternNode& node, std::size_t next) {
    const PatternNode& what = node.children.front();
    if (!node.most) {
      const std::size_t again = add({Step::Kind::fork, 0, next, next});
      const std::size_t body = build(what, again);
      steps_[again].first = body;
      next = again;
    } else {
      const std::size_t behind = next;
      for (int i = node.least; i < *node.most; ++i)
        next = add({Step::Kind::fork, 0, build(what, next), behind});
    }
    for (int i = 0; i < node.least; ++i) next = build(what, next);
    return next;
  }

  std::vector<Step>& steps_;
  std::vector<std::vector<bool>>& sets_;
};

}  // namespace

std::optional<Pattern> Pattern::compile(std::string_view pattern) {
  const ReadPattern read = read_pattern(pattern);
  if (read.verdict.state != PatternVerdict::State::compiles) return std::nullopt;
  Pattern made;
  Builder builder(made.steps_, made.sets_);
  made.start_ = builder.build(read.root, builder.add({Step::Kind::found, 0, 0, 0}));
  return made;
}

/// Without taking a byte and without looking for the end: then it is found in front of any.
bool Pattern::matches_everything() const {
  std::vector<bool> seen(steps_.size());
  std::vector<std::size_t> open = {start_};
  while (!open.empty()) {
    const std::size_t number = open.back();
    open.pop_back();
    if (seen[number]) continue;
    seen[number] = true;
    const Step& step = steps_[number];
    if (step.kind == Step::Kind::found) return true;
    if (step.kind == Step::Kind::fork) open.push_back(step.second);
    if (step.kind == Step::Kind::fork || step.kind == Step::Kind::begin) open.push_back(step.first);
  }
  return false;
}

namespace {

/// One to read easily, of those that a set takes; nothing where it takes none but NUL.
std::optional<char> readable(const std::vector<bool>& set) {
  for (const char* range : {"az", "09", "AZ", "!~", "\x01\xFF"})
    for (int c = static_cast<unsigned char>(range[0]); c <= static_cast<unsigned char>(range[1]);
         ++c)
      if (set[static_cast<std::size_t>(c)]) return static_cast<char>(c);
  return std::nullopt;
}

}  // namespace

std::optional<std::string> Pattern::example() const {
  struct Way {
    std::size_t step;
    bool ended;  ///< behind "$" nothing is taken any more
    std::string name;
  };
  // Breadth first: by length. What has begun and what has not are different places.
  std::vector<std::vector<bool>> seen(4, std::vector<bool>(steps_.size()));
  std::vector<Way> now = {{start_, false, ""}};
  while (!now.empty()) {
    std::vector<Way> longer;
    while (!now.empty()) {
      const Way way = std::move(now.back());
      now.pop_back();
      const std::size_t place = (way.name.empty() ? 0U : 1U) + (way.ended ? 2U : 0U);
      if (seen[place][way.step]) continue;
      seen[place][way.step] = true;
      const Step& step = steps_[way.step];
      switch (step.kind) {
        case Step::Kind::found:
          return way.name;
        case Step::Kind::fork:
          now.push_back({step.second, way.ended, way.name});
          now.push_back({step.first, way.ended, way.name});
          break;
        case Step::Kind::begin:
          if (way.name.empty()) now.push_back({step.first, way.ended, way.name});
          break;
        case Step::Kind::end:
          now.push_back({step.first, true, way.name});
          break;
        case Step::Kind::bytes:
          if (const auto byte = readable(sets_[step.set]); byte && !way.ended)
            longer.push_back({step.first, false, way.name + *byte});
      }
    }
    now.swap(longer);
  }
  return std::nullopt;
}

bool Pattern::matches(std::string_view name) const {
  std::vector<std::size_t> here;
  std::vector<std::size_t> behind;
  std::vector<std::size_t> open;
  for (std::size_t at = 0; at <= name.size(); ++at) {
    std::vector<bool> seen(steps_.size());
    open.assign(here.begin(), here.end());
    open.push_back(start_);
    behind.clear();
    while (!open.empty()) {
      const std::size_t number = open.back();
      open.pop_back();
      if (seen[number]) continue;
      seen[number] = true;
      const Step& step = steps_[number];
      switch (step.kind) {
        case Step::Kind::found:
          return true;
        case Step::Kind::fork:
          open.push_back(step.first);
          open.push_back(step.second);
          break;
        case Step::Kind::begin:
          if (at == 0) open.push_back(step.first);
          break;
        case Step::Kind::end:
          if (at == name.size()) open.push_back(step.first);
          break;
        case Step::Kind::bytes:
          if (at < name.size() && sets_[step.set][static_cast<unsigned char>(name[at])])
            behind.push_back(step.first);
      }
    }
    here.swap(behind);
  }
  return false;
}

}  // namespace hba
