// SPDX-License-Identifier: PostgreSQL
#include "link/conversation.h"

#include <fmt/format.h>

#include "base/text.h"

namespace links {

using base::Code;
using base::Result;
using std::chrono::milliseconds;

SshConversation::SshConversation(std::unique_ptr<Child> child, std::unique_ptr<Channel> channel,
                                 std::string host, Timeouts timeouts)
    : child_(std::move(child)),
      channel_(std::move(channel)),
      host_(std::move(host)),
      timeouts_(timeouts) {
  child_->set_grace(timeouts_.close);
}

SshConversation::~SshConversation() = default;

/// Says what the user can understand of it, and remembers that the link cannot be used any more.
base::Error SshConversation::broken(base::Error error) {
  if (error.code == Code::link_timeout) {
    error.message = fmt::format("\"{}\" did not answer in time", host_);
    child_->set_grace(milliseconds(0));
  } else if (error.code == Code::link_lost || error.code == Code::protocol_truncated) {
    error.code = Code::link_lost;
    error.message = fmt::format("the connection to \"{}\" was lost", host_);
    // What ssh has to say comes just before its end.
    child_->close_input();
    child_->wait(after(milliseconds(500)));
  }
  const auto said = base::trim(channel_->side_text());
  if (!said.empty()) error.detail = std::string(said);
  if (error.hint.empty()) error.hint = "Run the command again: it observes what was done.";
  broken_ = error;
  return error;
}

Result<std::string> SshConversation::exchange(const std::string& message,
                                              std::chrono::seconds time) {
  if (broken_) return *broken_;
  const Deadline until = after(time);
  auto sent = channel_->send(message, until);
  // A node that refuses and ends closes its input: its last word is worth more than EPIPE.
  if (!sent && sent.error().code != Code::link_lost) return broken(std::move(sent).error());
  auto received = channel_->receive(until);
  if (!received) return broken(std::move(received).error());
  if (!*received) return broken(base::error(Code::link_lost, "the node ended"));
  return std::move(**received);
}

template <class T>
Result<T> SshConversation::ask(const Query& query, std::chrono::seconds time) {
  const std::int64_t id = ++last_id_;
  const std::string text = TRY(exchange(encode_request(id, query), time));
  auto reply = decode_answer<T>(text, id);
  if (!reply) return broken(std::move(reply).error());
  return std::move(reply->said);
}

Result<NodeHello> SshConversation::greet(const fleet::Brief& brief) {
  ControllerHello hello;
  hello.version = PGSEAL_VERSION;
  hello.brief = brief;
  const std::string text = TRY(exchange(encode(hello), timeouts_.hello));
  auto answer = decode_node_hello(text);
  if (!answer) broken_ = answer.error();
  return answer;
}

Result<fleet::HostFacts> SshConversation::observe() {
  return ask<fleet::HostFacts>(Observe{}, timeouts_.observe);
}

Result<fleet::Answer> SshConversation::perform(const fleet::Act& act) {
  const bool waits_for_standby = act.kind == fleet::ActKind::write_replication_settings ||
                                 act.kind == fleet::ActKind::reconnect_walreceiver;
  return ask<fleet::Answer>(act, waits_for_standby                    ? timeouts_.replication
                                 : act.kind == fleet::ActKind::reload ? timeouts_.reload
                                                                      : timeouts_.act);
}

Result<fleet::ConnectReport> SshConversation::connect(const fleet::ConnectQuery& query) {
  return ask<fleet::ConnectReport>(query, timeouts_.connect_query);
}

Result<fleet::ServedFacts> SshConversation::handshake(const fleet::HandshakeQuery& query) {
  return ask<fleet::ServedFacts>(query, timeouts_.handshake);
}

}  // namespace links
