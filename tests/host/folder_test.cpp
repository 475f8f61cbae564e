// SPDX-License-Identifier: PostgreSQL
#include "host/folder.h"

#include <sys/stat.h>

#include <thread>

#include "slots/house.h"

using base::Code;
using host::FileKind;
using host::Folder;

namespace {

Folder home_of(const house::House& host) { return house::must(Folder::open(host.home, host.user)); }

}  // namespace

TEST_CASE("a link that the user planted on the way is refused by name") {
  if (house::root_is_missing()) return;
  const house::House host;
  host.folder(host.home + "/real");
  REQUIRE(::symlink("real", (host.home + "/way").c_str()) == 0);
  const auto opened = Folder::open(host.home + "/way", host.user);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().code == Code::file_unsafe);
  CHECK(opened.error().message == "\"" + host.home + "/way\" is a symbolic link");
}

TEST_CASE("a link of root's that lies in the user's own folder is refused too") {
  if (house::root_is_missing()) return;
  const house::House host;
  REQUIRE(::symlink("/etc", (host.home + "/way").c_str()) == 0);
  CHECK_FALSE(Folder::open(host.home + "/way", host.user));
}

TEST_CASE("a link that root made where only root can write is followed") {
  if (house::root_is_missing()) return;
  const house::House host;
  REQUIRE(::symlink("home", (host.root + "/link").c_str()) == 0);
  REQUIRE(::symlink((host.root + "/link").c_str(), (host.root + "/far").c_str()) == 0);
  CHECK(Folder::open(host.root + "/link", host.user));
  CHECK(Folder::open(host.root + "/far", host.user));
}

TEST_CASE("links in a circle are refused") {
  if (house::root_is_missing()) return;
  const house::House host;
  REQUIRE(::symlink("b", (host.root + "/a").c_str()) == 0);
  REQUIRE(::symlink("a", (host.root + "/b").c_str()) == 0);
  CHECK_FALSE(Folder::open(host.root + "/a", host.user));
}

TEST_CASE("a folder that others can write, or that is another's, is refused") {
  if (house::root_is_missing()) return;
  const house::House host;
  REQUIRE(::chmod(host.home.c_str(), 0777) == 0);
  CHECK_FALSE(Folder::open(host.home, host.user));
  REQUIRE(::chmod(host.home.c_str(), 01777) == 0);
  CHECK_FALSE(Folder::open(host.home, host.user));
  REQUIRE(::chmod(host.home.c_str(), 0775) == 0);  // the user's own group
  CHECK(Folder::open(host.home, host.user));
  REQUIRE(::chown(host.home.c_str(), host.user.uid, 4242) == 0);
  REQUIRE(::chmod(host.home.c_str(), 0775) == 0);
  CHECK_FALSE(Folder::open(host.home, host.user));
  REQUIRE(::chown(host.home.c_str(), 0, 0) == 0);
  REQUIRE(::chmod(host.home.c_str(), 0755) == 0);
  CHECK_FALSE(Folder::open(host.home, host.user));
}

TEST_CASE("a folder below one of a third user is refused") {
  if (house::root_is_missing()) return;
  const house::House host;
  REQUIRE(::chown(host.root.c_str(), 7, 7) == 0);
  const auto opened = Folder::open(host.home, host.user);
  REQUIRE_FALSE(opened);
  CHECK(opened.error().message.find("belongs to user id 7") != std::string::npos);
}

TEST_CASE("reading a FIFO, a device, a folder or a link is refused at once") {
  if (house::root_is_missing()) return;
  const house::House host;
  REQUIRE(::mkfifo((host.home + "/fifo").c_str(), 0644) == 0);
  REQUIRE(::mknod((host.home + "/device").c_str(), S_IFCHR | 0644, 0x103) == 0);
  host.folder(host.home + "/folder");
  REQUIRE(::symlink("/etc/passwd", (host.home + "/link").c_str()) == 0);
  const Folder home = home_of(host);
  for (const char* name : {"fifo", "device", "folder", "link"}) {
    CAPTURE(name);
    const auto bytes = home.read(name, 1000);
    REQUIRE_FALSE(bytes);
    CHECK(bytes.error().code == Code::file_unsafe);
  }
  CHECK(house::must(home.look("link")).kind == FileKind::link);
}

TEST_CASE("a file longer than the limit is not read") {
  if (house::root_is_missing()) return;
  const house::House host;
  host.put(host.home + "/long", std::string(2000, 'x'));
  CHECK_FALSE(home_of(host).read("long", 1000));
  CHECK(house::must(home_of(host).read("long", 2000)).size() == 2000);
}

TEST_CASE("a replacement has owner and mode before it has content") {
  if (house::root_is_missing()) return;
  const house::House host;
  const Folder home = home_of(host);
  auto next = house::must(home.stage("secret", {5, 6, 0600}));
  const auto names = house::must(home.list());
  REQUIRE(names.size() == 1);
  const auto state = house::must(home.look(names[0]));
  CHECK(state.uid == 5);
  CHECK(state.gid == 6);
  CHECK(state.mode == 0600);
  CHECK(state.size == 0);
}

TEST_CASE("a replacement without commit leaves the folder as it was") {
  if (house::root_is_missing()) return;
  const house::House host;
  host.put(host.home + "/file", "old");
  const std::string before = house::snapshot(host.home);
  {
    const Folder home = home_of(host);
    auto next = house::must(home.stage("file", {1, 1, 0644}));
    REQUIRE(next.write("new"));
  }
  CHECK(house::snapshot(host.home) == before);
}

TEST_CASE("a committed replacement takes the place of a planted link and not of its target") {
  if (house::root_is_missing()) return;
  const house::House host;
  host.put(host.root + "/target", "untouched");
  REQUIRE(::symlink((host.root + "/target").c_str(), (host.home + "/file").c_str()) == 0);
  const Folder home = home_of(host);
  auto next = house::must(home.stage("file", {1, 1, 0640}));
  REQUIRE(next.write("new"));
  REQUIRE(std::move(next).commit());
  CHECK(house::content(host.root + "/target") == "untouched");
  CHECK(house::must(home.look("file")).kind == FileKind::regular);
  CHECK(house::must(home.look("file")).mode == 0640);
}

TEST_CASE("what a killed run left is removed, and nothing else") {
  if (house::root_is_missing()) return;
  const house::House host;
  host.put(host.home + "/" + Folder::temporary_name("file"), "half");
  const std::string folder = host.home + "/" + Folder::temporary_name("kept");
  host.folder(folder);
  host.put(folder + "/file", "half");
  host.put(host.home + "/.profile", "theirs");
  CHECK(house::must(home_of(host).clean_leftovers()) == 2);
  CHECK(house::must(home_of(host).list()) == std::vector<std::string>{".profile"});
}

TEST_CASE("names that would leave the folder are no components") {
  for (const char* name : {"", ".", "..", "a/b", "/", "a\nb", "\x7f"}) {
    CAPTURE(name);
    CHECK_FALSE(host::valid_component(name));
  }
  CHECK_FALSE(host::valid_component(std::string("a\0b", 3)));
  CHECK_FALSE(host::valid_component(std::string(256, 'x')));
  CHECK(host::valid_component("shop-1.example"));
}

TEST_CASE("a reader that races two hundred replacements never sees half a file") {
  if (house::root_is_missing()) return;
  const house::House host;
  const std::string one(20000, 'a');
  const std::string two(30000, 'b');
  host.put(host.home + "/file", one);
  std::atomic<bool> over{false};
  std::atomic<int> torn{0};
  std::atomic<int> reads{0};
  std::thread reader([&] {
    while (!over) {
      const std::string bytes = house::content(host.home + "/file");
      if (bytes != one && bytes != two) ++torn;
      ++reads;
    }
  });
  const Folder home = home_of(host);
  for (int i = 0; i < 200; ++i) {
    auto next = house::must(home.stage("file", {1, 1, 0644}));
    REQUIRE(next.write(i % 2 == 0 ? two : one));
    REQUIRE(std::move(next).commit());
  }
  over = true;
  reader.join();
  CHECK(torn == 0);
  CHECK(reads > 0);
}
