// SPDX-License-Identifier: PostgreSQL
// A program with pipes on its three standard descriptors. It is started by posix_spawn from an
// argument vector, never through a shell, in a process group of its own, so that a Ctrl-C at the
// terminal ends pgseal's command in order and not the connections under it. It never outlives its
// owner, and is always reaped.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/fd.h"
#include "base/result.h"
#include "link/frame.h"

namespace links {

class Child {
 public:
  /// `arguments[0]` is looked up in PATH. Error link_spawn.
  static base::Result<std::unique_ptr<Child>> start(const std::vector<std::string>& arguments);
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;
  /// Closes the child's input and waits as long as `set_grace` says; then SIGTERM, then SIGKILL to
  /// its group.
  ~Child();

  [[nodiscard]] int input() const { return input_.get(); }  ///< to write to
  [[nodiscard]] int output() const { return output_.get(); }
  [[nodiscard]] int errors() const { return errors_.get(); }
  void close_input() { input_.reset(); }

  /// How it ended: its exit status, 128 + n after signal n. Null while it runs at `until`.
  std::optional<int> wait(Deadline until);
  /// Default 3 s; zero for one that does not answer any more.
  void set_grace(std::chrono::milliseconds grace) { grace_ = grace; }

 private:
  Child() = default;
  base::Result<void> spawn(const std::vector<std::string>& arguments);

  pid_t pid_ = -1;
  std::optional<int> status_;
  std::chrono::milliseconds grace_{3000};
  base::Fd input_;
  base::Fd output_;
  base::Fd errors_;
};

/// What a short program printed, and how it ended.
struct Ran {
  int status = 0;
  std::string output;
  std::string errors;
};

/// Runs one to its end, without input. Errors: link_spawn, link_timeout.
base::Result<Ran> run(const std::vector<std::string>& arguments, Deadline until);

}  // namespace links
