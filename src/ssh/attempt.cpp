// SPDX-License-Identifier: PostgreSQL
#include "ssh/attempt.h"

#include <fmt/format.h>

#include "base/text.h"

namespace ssh {
namespace {

using base::Code;
using base::Result;

constexpr std::string_view marker = "pgseal:";

}  // namespace

Attempt::Attempt(const Target& target, NodeImage& image, std::vector<Gate::Pass> jumps)
    : target_(target), image_(image), jumps_(std::move(jumps)) {}

Result<std::unique_ptr<links::SshConversation>> Attempt::run(const fleet::Brief& brief) {
  child_ = TRY(links::Child::start(target_.arguments));
  channel_ = std::make_unique<links::Channel>(child_->output(), child_->input(), child_->errors());
  until_ = links::after(target_.timeouts.connect + target_.timeouts.login);
  TRY(reach_node());
  auto conversation = std::make_unique<links::SshConversation>(
      std::move(child_), std::move(channel_), target_.host, target_.timeouts);
  auto hello = conversation->greet(brief);
  if (!hello) {
    // What lies there under this node's name may be of another version, with another protocol.
    node_is_broken_ = base::exit_status(hello.error().code) == 15;
    return std::move(hello).error();
  }
  const auto size = static_cast<std::int64_t>(TRY(image_.facts()).size);
  if (hello->size != size) {
    node_is_broken_ = true;
    return base::error(
               Code::link_install,
               fmt::format("pgseal-node on \"{}\" is not the one that belongs there", target_.host))
        .with_detail(fmt::format("It has {} bytes instead of {}.", hello->size, size));
  }
  return conversation;
}

Result<void> Attempt::reach_node() {
  for (;;) {
    auto line = channel_->preface_line(until_);
    if (!line) return ended(std::move(line).error());
    if (!*line) return {};
    TRY(take_line(**line));
  }
}

/// Noise may lack its last newline, so a marker is looked for anywhere in the line; none counts
/// before the first, whatever a greeting says.
Result<void> Attempt::take_line(std::string_view line) {
  const auto at = line.rfind(marker);
  if (at == std::string_view::npos) return {};
  const auto word = line.substr(at + marker.size());
  if (stage_ == Stage::none) {
    if (word != "login") return {};
    stage_ = Stage::login;
    jumps_.clear();
  } else if (word == "root") {
    stage_ = Stage::root;
  } else if (word == "run") {
    stage_ = Stage::run;
  } else if (word.starts_with("refused ")) {
    refused_ = word.substr(8);
  } else if (word.starts_with("need ")) {
    stage_ = Stage::need;
    return send_image(base::trim(word.substr(5)));
  }
  return {};
}

Result<void> Attempt::send_image(std::string_view architecture) {
  if (architecture != target_.architecture)
    return base::error(Code::link_architecture,
                       fmt::format("\"{}\" is of another architecture", target_.host))
        .with_detail(
            fmt::format("It is {}, this pgseal-node is {}.", architecture, target_.architecture))
        .with_hint("Install the pgseal-node package of its architecture there.");
  const std::string* gzip = TRY(image_.gzip());
  until_ = links::after(target_.timeouts.install);
  auto sent = channel_->send_bytes(fmt::format("{}\n", gzip->size()), until_);
  if (sent) sent = channel_->send_bytes(*gzip, until_);
  return sent ? Result<void>() : ended(std::move(sent).error());
}

/// The attempt is over: what ssh said and how it ended tell more than the pipe's end.
base::Error Attempt::ended(base::Error error) {
  if (error.code != Code::link_lost && error.code != Code::link_timeout) return error;
  Ending ending;
  child_->close_input();
  if (error.code == Code::link_lost)
    ending.status = child_->wait(links::after(target_.timeouts.close));
  child_->set_grace(std::chrono::milliseconds(0));
  ending.stage = stage_;
  ending.noise = channel_->noise();
  ending.errors = channel_->side_text();
  ending.refused = refused_;
  ending.host = target_.host;
  ending.by_hand = target_.by_hand;
  ending.accepting = target_.accepting;
  turned_away_ = ssh::turned_away(ending);
  node_is_broken_ = ssh::node_is_broken(ending);
  return failure_of(ending);
}

}  // namespace ssh
