// SPDX-License-Identifier: PostgreSQL
// What the child of the server's user does: it asks the server by one session that it keeps,
// because a new connection, and the first question in it, cost the server more than all that is
// asked; and it reads and writes that user's files.
#pragma once

#include <chrono>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"
#include "host/worker.h"
#include "server/server_child.h"
#include "server/sql.h"
#include "server/view.h"

namespace server {

class ServerDuty : public host::Worker::Duty {
 public:
  base::Result<std::string> answer(std::string_view question) override;
  void rest() override { kept_.reset(); }

 private:
  struct Kept {
    SocketAddress address;
    Session session;
  };

  [[nodiscard]] bool has(const SocketAddress& address) const {
    return kept_ && kept_->address == address;
  }
  base::Result<std::string> view(const SocketAddress& address, const ViewWanted& wanted);
  base::Result<std::string> reload(const SocketAddress& address, const ReloadTask& task);
  base::Result<std::string> watch(const SocketAddress& address, std::string_view packed);
  void drop_kept();
  base::Result<void> keep_new(const SocketAddress& address, std::chrono::milliseconds limit);
  base::Result<std::string> loaded(const SocketAddress& address);

  std::optional<Kept> kept_;
};

}  // namespace server
