// SPDX-License-Identifier: PostgreSQL
// A child like that of as_user, kept for many questions: what it holds open, as a session with a
// server, then serves them all.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <string>
#include <string_view>

#include "base/fd.h"
#include "base/result.h"
#include "host/child.h"

namespace host {

class Worker {
 public:
  /// What it does, in the child; as the work of as_user it may take no lock that another thread of
  /// the parent could have held while forking.
  class Duty {
   public:
    Duty() = default;
    Duty(const Duty&) = delete;
    Duty& operator=(const Duty&) = delete;
    virtual ~Duty() = default;
    virtual base::Result<std::string> answer(std::string_view question) = 0;
    /// Nobody has asked for a while, and perhaps nobody will: what others could need is given back.
    virtual void rest() = 0;
  };

  /// Forks. `duty` is used by the child alone, which rests after `idle`. Error file_io.
  static base::Result<std::unique_ptr<Worker>> start(const OsUser& user,
                                                     std::chrono::milliseconds idle, Duty& duty);
  Worker(const Worker&) = delete;
  Worker& operator=(const Worker&) = delete;
  /// The child meets the end of its questions and exits; one that does not is killed.
  ~Worker();

  /// One question at a time. Errors: those of the answer; file_io where the child died or took
  /// longer than `deadline`, after which it is over.
  base::Result<std::string> ask(const std::string& question, std::chrono::seconds deadline);

  [[nodiscard]] bool over() const { return !socket_.open(); }
  [[nodiscard]] const OsUser& user() const { return user_; }

 private:
  Worker(OsUser user, base::Fd socket, pid_t child)
      : user_(std::move(user)), socket_(std::move(socket)), child_(child) {}
  void end(bool at_once);

  OsUser user_;
  base::Fd socket_;
  pid_t child_;
};

}  // namespace host
