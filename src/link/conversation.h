// SPDX-License-Identifier: PostgreSQL
// The controller's side of a conversation, once the node has spoken its magic line: one request
// outstanding, each with its deadline. After an error of the link itself nothing more is asked,
// because a late answer could be taken for the next one's.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "fleet/doors.h"
#include "link/child.h"
#include "link/codec.h"
#include "link/frame.h"
#include "link/timeouts.h"

namespace links {

class SshConversation : public fleet::Conversation {
 public:
  SshConversation(std::unique_ptr<Child> child, std::unique_ptr<Channel> channel, std::string host,
                  Timeouts timeouts);
  /// Ends the node by the end of its input: an act in hand is finished there first.
  ~SshConversation() override;

  /// First of all. What the node refuses with comes back as its error.
  base::Result<NodeHello> greet(const fleet::Brief& brief);

  /// Errors: the node's own; link_lost, link_timeout, protocol_*: then the outcome of an act is
  /// unknown, and to observe anew is all that helps.
  base::Result<fleet::HostFacts> observe() override;
  base::Result<fleet::Answer> perform(const fleet::Act& act) override;
  base::Result<fleet::ConnectReport> connect(const fleet::ConnectQuery& query) override;
  base::Result<fleet::ServedFacts> handshake(const fleet::HandshakeQuery& query) override;

 private:
  template <class T>
  base::Result<T> ask(const Query& query, std::chrono::seconds time);
  base::Result<std::string> exchange(const std::string& message, std::chrono::seconds time);
  base::Error broken(base::Error error);

  std::unique_ptr<Child> child_;
  std::unique_ptr<Channel> channel_;
  std::string host_;
  Timeouts timeouts_;
  std::int64_t last_id_ = 0;
  std::optional<base::Error> broken_;
};

}  // namespace links
