// SPDX-License-Identifier: PostgreSQL
#include "ledger/filesystem.h"

#include <doctest/doctest.h>

using ledger::mount_type;
using ledger::network_filesystem;

TEST_CASE("a file system that other machines write is told by its number") {
  CHECK(network_filesystem(0x6969, "") == "NFS");
  CHECK(network_filesystem(0xff534d42, "") == "CIFS");
  CHECK(network_filesystem(static_cast<std::int32_t>(0xfe534d42), "") == "SMB 2");
  CHECK(network_filesystem(0x01021997, "") == "9P");
  for (const std::int64_t local : {0xef53L, 0x58465342L, 0x9123683eL, 0x01021994L, 0x794c7630L})
    CHECK(network_filesystem(local, "").empty());
}

TEST_CASE("of those in user space the ones that go over a network are told by their word") {
  constexpr std::int64_t user_space = 0x65735546;
  CHECK(network_filesystem(user_space, "fuse.sshfs") == "fuse.sshfs");
  CHECK(network_filesystem(user_space, "fuse.glusterfs") == "fuse.glusterfs");
  CHECK(network_filesystem(user_space, "fuse.gocryptfs").empty());
  CHECK(network_filesystem(user_space, "fuseblk").empty());
  CHECK(network_filesystem(user_space, "").empty());
  CHECK(network_filesystem(0xef53, "fuse.sshfs").empty());
}

TEST_CASE("a mount's type stands behind the dash of its device's line") {
  const char* const text =
      "22 1 254:1 / / rw,relatime shared:1 - ext4 /dev/vda1 rw\n"
      "90 22 0:5 / /srv/a\\040-\\040b rw shared:2 master:1 - fuse.sshfs me@there:/srv rw,user_id=0\n"
      "91 22 0:52 / /home/me rw - fuse.gocryptfs /vault rw\n";
  CHECK(mount_type(text, "254:1") == "ext4");
  CHECK(mount_type(text, "0:5") == "fuse.sshfs");
  CHECK(mount_type(text, "0:52") == "fuse.gocryptfs");
  CHECK(mount_type(text, "0:9").empty());
  CHECK(mount_type("", "0:5").empty());
  CHECK(mount_type("22 1 254:1", "254:1").empty());
}
