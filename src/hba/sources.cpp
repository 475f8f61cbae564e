// SPDX-License-Identifier: PostgreSQL
#include "hba/sources.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <memory>

#include "base/fd.h"
#include "base/text.h"

namespace hba {

Reading Files::read(const std::string& path) const {
  using State = Reading::State;
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  if (!file.open()) {
    const int why = errno;
    return {why == ENOENT ? State::missing : State::unopened, "", ::strerror(why)};
  }
  struct stat facts {};
  if (::fstat(file.get(), &facts) != 0) return {State::unopened, "", ::strerror(errno)};
  if (S_ISDIR(facts.st_mode)) return {State::directory, "", ::strerror(EISDIR)};
  const dev_t null_device = makedev(1, 3);
  if (S_ISCHR(facts.st_mode) && facts.st_rdev == null_device) return {State::read, "", ""};
  if (!S_ISREG(facts.st_mode)) return {State::unopened, "", "it is no regular file"};
  auto text = base::read_all(file.get(), longest_file);
  if (!text) {
    const base::Error& error = text.error();
    return {State::unopened, "", error.detail.empty() ? error.message : error.detail};
  }
  return {State::read, std::move(text).value(), ""};
}

Listing Files::list(const std::string& folder) const {
  const std::unique_ptr<DIR, int (*)(DIR*)> opened(::opendir(folder.c_str()), ::closedir);
  if (!opened) return {false, ::strerror(errno), {}};
  Listing listing;
  while (const dirent* entry = ::readdir(opened.get())) {
    std::string path = fmt::format("{}/{}", folder, entry->d_name);
    struct stat facts {};
    if (::stat(path.c_str(), &facts) == 0 && S_ISREG(facts.st_mode))
      listing.files.push_back(std::move(path));
  }
  return listing;
}

std::string resolve_beside(std::string_view beside, std::string_view path) {
  if (path.starts_with("/")) return std::string(path);
  const std::size_t slash = beside.rfind('/');
  const std::string whole = slash == std::string_view::npos
                                ? std::string(path)
                                : fmt::format("{}/{}", beside.substr(0, slash), path);
  std::vector<std::string_view> kept;
  for (const std::string_view part : base::split(whole, '/')) {
    if (part.empty() || part == ".") continue;
    if (part == ".." && !kept.empty() && kept.back() != "..")
      kept.pop_back();
    else
      kept.push_back(part);
  }
  return (whole.starts_with("/") ? "/" : "") + fmt::format("{}", fmt::join(kept, "/"));
}

}  // namespace hba
