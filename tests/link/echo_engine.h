// SPDX-License-Identifier: PostgreSQL
// An engine in memory that answers with what it was asked, so that a test sees both ways at once.
// A few names make it misbehave.
#pragma once

#include <unistd.h>

#include <memory>
#include <string>
#include <utility>

#include "fleet/doors.h"

class EchoEngine : public fleet::Conversation {
 public:
  explicit EchoEngine(fleet::Brief brief) : brief_(std::move(brief)) {}

  static base::Result<std::unique_ptr<fleet::Conversation>> open(const fleet::Brief& brief) {
    if (brief.environment == "locked")
      return base::error(base::Code::host_locked, "another pgseal-node is at work");
    return std::unique_ptr<fleet::Conversation>(std::make_unique<EchoEngine>(brief));
  }

  base::Result<fleet::HostFacts> observe() override {
    fleet::HostFacts facts;
    facts.host = brief_.host;
    facts.hostname = std::to_string(::geteuid());
    if (brief_.host == "large") facts.operating_system = std::string(std::size_t{17} << 20, 'x');
    return facts;
  }
  base::Result<fleet::Answer> perform(const fleet::Act& act) override {
    if (act.slot.name == "hang") ::pause();
    if (act.slot.name == "die") ::_exit(3);
    if (act.slot.name == "refuse")
      return base::error(base::Code::file_unsafe, "it is a link").with_detail("foreign \xff text");
    fleet::Answer answer;
    answer.changed = true;
    answer.after = act.slot.name;
    answer.request = std::string("\x30\x00\xff", 3);
    return answer;
  }
  base::Result<fleet::ConnectReport> connect(const fleet::ConnectQuery& query) override {
    fleet::ConnectReport report;
    report.level = fleet::ConnectLevel::logged_in;
    report.message = query.address;
    return report;
  }
  base::Result<fleet::ServedFacts> handshake(const fleet::HandshakeQuery& query) override {
    fleet::ServedFacts served;
    served.answered = true;
    served.problem = query.name;
    return served;
  }

 private:
  fleet::Brief brief_;
};
