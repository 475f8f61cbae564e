// SPDX-License-Identifier: PostgreSQL
#include "ledger/filesystem.h"

#include <errno.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <utility>

#include "base/fd.h"

namespace ledger {
namespace {

struct NetworkType {
  std::int64_t f_type;
  std::string_view name;
};

// statfs(2) and linux/magic.h, which lacks those that live outside of the kernel's tree.
constexpr auto network_types = std::to_array<NetworkType>({
    {0x6969, "NFS"},
    {0x517b, "SMB"},
    {0xff534d42, "CIFS"},
    {0xfe534d42, "SMB 2"},
    {0x01021997, "9P"},
    {0x5346414f, "AFS"},
    {0x6b414653, "AFS"},
    {0x73757245, "Coda"},
    {0x564c, "NCP"},
    {0x00c36400, "Ceph"},
    {0x01161970, "GFS2"},
    {0x7461636f, "OCFS2"},
    {0x0bd00bd0, "Lustre"},
    {0x47504653, "GPFS"},
});

constexpr std::int64_t user_space = 0x65735546;
constexpr auto over_a_network = std::to_array<std::string_view>(
    {"fuse.sshfs", "fuse.glusterfs", "fuse.ceph", "fuse.ceph-fuse", "fuse.s3fs", "fuse.rclone",
     "fuse.curlftpfs", "fuse.davfs2", "fuse.juicefs", "fuse.moosefs", "fuse.mfs", "fuse.seaweedfs",
     "fuse.gcsfuse", "fuse.blobfuse2", "fuse.smbnetfs"});

constexpr std::size_t mountinfo_bytes = 16U * 1024 * 1024;

std::string_view word_at(std::string_view line, std::size_t index) {
  for (; index > 0; --index) {
    const std::size_t blank = line.find(' ');
    if (blank == std::string_view::npos) return {};
    line.remove_prefix(blank + 1);
  }
  return line.substr(0, line.find(' '));
}

}  // namespace

std::string network_filesystem(std::int64_t f_type, std::string_view type) {
  if (f_type == user_space) {
    const bool known =
        std::find(over_a_network.begin(), over_a_network.end(), type) != over_a_network.end();
    return known ? std::string(type) : std::string();
  }
  // Where f_type is a signed int, the numbers above 2^31 come negative.
  const auto row = std::find_if(
      network_types.begin(), network_types.end(),
      [&](const NetworkType& each) { return each.f_type == (f_type & 0xffffffff); });
  return row == network_types.end() ? std::string() : std::string(row->name);
}

std::string mount_type(std::string_view mountinfo, std::string_view device) {
  while (!mountinfo.empty()) {
    const std::size_t end = std::min(mountinfo.find('\n'), mountinfo.size());
    const std::string_view line = mountinfo.substr(0, end);
    mountinfo.remove_prefix(std::min(end + 1, mountinfo.size()));
    if (word_at(line, 2) != device) continue;
    const std::size_t dash = line.find(" - ");
    if (dash != std::string_view::npos) return std::string(word_at(line.substr(dash + 3), 0));
  }
  return "";
}

base::Result<void> refuse_network_filesystem(const std::string& folder) {
  struct statfs found {};
  struct stat status {};
  if (::statfs(folder.c_str(), &found) != 0 || ::stat(folder.c_str(), &status) != 0)
    return base::system_error(base::Code::ledger_open,
                              fmt::format("could not look at \"{}\"", folder), errno);
  std::string type;
  if (found.f_type == user_space) {
    const std::string mounts = TRY(base::read_file("/proc/self/mountinfo", mountinfo_bytes));
    type = mount_type(mounts, fmt::format("{}:{}", ::major(status.st_dev), ::minor(status.st_dev)));
  }
  const std::string name = network_filesystem(found.f_type, type);
  if (name.empty()) return {};
  return base::error(base::Code::ledger_open,
                     fmt::format("\"{}\" lies on a network file system", folder))
      .with_detail(fmt::format("It is {}: a lock there does not keep another machine's pgseal out, "
                               "and SQLite's log needs memory that its users share.",
                               name))
      .with_hint("Name a folder on a disk of this machine in [environment] state.");
}

}  // namespace ledger
