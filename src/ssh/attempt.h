// SPDX-License-Identifier: PostgreSQL
// One attempt to reach a node: one ssh process, from its start to the node's hello.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "link/conversation.h"
#include "ssh/failure.h"
#include "ssh/gate.h"
#include "ssh/image.h"

namespace ssh {

struct Target {
  std::string host;                    ///< its name in the configuration
  std::vector<std::string> arguments;  ///< the whole call of ssh
  std::string by_hand;
  std::string accepting;
  std::string architecture;  ///< of the image
  links::Timeouts timeouts;
};

class Attempt {
 public:
  /// `jumps` are given back as soon as the login has succeeded.
  Attempt(const Target& target, NodeImage& image, std::vector<Gate::Pass> jumps);

  base::Result<std::unique_ptr<links::SshConversation>> run(const fleet::Brief& brief);

  /// After a failure: whether the same again a little later may succeed (MaxStartups)…
  [[nodiscard]] bool turned_away() const { return turned_away_; }
  /// …or once the node is put in place anew.
  [[nodiscard]] bool node_is_broken() const { return node_is_broken_; }

 private:
  base::Result<void> reach_node();
  base::Result<void> take_line(std::string_view line);
  base::Result<void> send_image(std::string_view architecture);
  base::Error ended(base::Error error);

  const Target& target_;
  NodeImage& image_;
  std::vector<Gate::Pass> jumps_;
  std::unique_ptr<links::Child> child_;
  std::unique_ptr<links::Channel> channel_;
  links::Deadline until_;
  Stage stage_ = Stage::none;
  std::string refused_;
  bool turned_away_ = false;
  bool node_is_broken_ = false;
};

}  // namespace ssh
