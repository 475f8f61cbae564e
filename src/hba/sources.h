// SPDX-License-Identifier: PostgreSQL
// The door to the files that a rule file names: real ones for the program, texts for tests.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hba {

/// What an attempt to read gave. `why` is the system's text ("No such file or directory").
struct Reading {
  enum class State { read, missing, unopened, directory };
  State state = State::read;
  std::string text;
  std::string why;
};

struct Listing {
  bool opened = true;
  std::string why;
  std::vector<std::string> files;  ///< paths of regular files and links to such, in no order
};

class Sources {
 public:
  virtual ~Sources() = default;
  [[nodiscard]] virtual Reading read(const std::string& path) const = 0;
  [[nodiscard]] virtual Listing list(const std::string& folder) const = 0;
};

/// Those of this machine. /dev/null is empty; another file that is neither regular nor a directory
/// is `unopened`: a server would wait for its writer. One of more than `longest_file` bytes too.
class Files : public Sources {
 public:
  static constexpr std::size_t longest_file = 512UL << 20U;
  [[nodiscard]] Reading read(const std::string& path) const override;
  [[nodiscard]] Listing list(const std::string& folder) const override;
};

/// `path` as a file `beside` names it: absolute as it stands, else from that file's folder, without
/// "." and ".." (src/backend/utils/misc/conffiles.c, AbsoluteConfigLocation).
std::string resolve_beside(std::string_view beside, std::string_view path);

}  // namespace hba
