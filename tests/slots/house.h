// SPDX-License-Identifier: PostgreSQL
// A host in a temporary folder: an /etc/pgseal, a home of a real user of this machine, and two
// authorities. Its files have real owners, so it is for root alone.
#pragma once

#include <doctest/doctest.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <fstream>
#include <string>

#include "fleet/act.h"
#include "host/child.h"
#include "slots/slots.h"
#include "x509/authority.h"
#include "x509/issuer.h"

namespace house {

/// Every test of real owners begins with it.
inline bool root_is_missing() {
  if (::geteuid() == 0) return false;
  MESSAGE("skipped: only root can make files of several owners");
  return true;
}

inline base::Time noon() {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::system_clock::now());
}

template <class T>
T must(base::Result<T> result) {
  if (!result) FAIL(result.error().message << ": " << result.error().detail);
  return std::move(result).value();
}

struct House {
  std::string root;
  host::OsUser user;    ///< owner of the home
  host::OsUser server;  ///< whom the server runs as
  std::string home;
  std::string etc;
  slots::HostWorld world;

  House() {
    char name[] = "/tmp/pgseal-house.XXXXXX";
    root = ::mkdtemp(name);
    ::chmod(root.c_str(), 0755);
    ::mkdir((root + "/etc").c_str(), 0755);
    home = root + "/home";
    etc = root + "/etc/pgseal";
    user = {"deploy", 1, 1, home};
    server = {"postgres", 2, 2, root};
    ::mkdir(home.c_str(), 0755);
    REQUIRE(::chown(home.c_str(), user.uid, user.gid) == 0);
    world.etc = etc;
    world.lock = root + "/lock";
    world.find_user = [this](const std::string& wanted) -> base::Result<host::OsUser> {
      if (wanted == user.name) return user;
      return base::error(base::Code::user_missing, "no such user");
    };
  }
  House(const House&) = delete;
  House& operator=(const House&) = delete;
  ~House() { std::filesystem::remove_all(root); }

  slots::Slots slots() {
    return {"shop", world, [this]() -> base::Result<host::OsUser> { return server; }};
  }
  [[nodiscard]] std::string pair(const std::string& name) const {
    return home + "/.postgresql/" + name;
  }
  [[nodiscard]] std::string server_file(const std::string& name) const {
    return etc + "/server/db1/" + name;
  }
  /// As the user's own programs would leave it.
  void put(const std::string& path, const std::string& bytes, mode_t mode = 0644) const {
    std::ofstream(path, std::ios::binary) << bytes;
    REQUIRE(::chmod(path.c_str(), mode) == 0);
    if (path.starts_with(home)) REQUIRE(::lchown(path.c_str(), user.uid, user.gid) == 0);
  }
  void folder(const std::string& path, mode_t mode = 0700) const {
    ::mkdir(path.c_str(), mode);
    ::chmod(path.c_str(), mode);
    REQUIRE(::chown(path.c_str(), user.uid, user.gid) == 0);
  }
};

inline std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

inline struct stat seen(const std::string& path) {
  struct stat state {};
  ::lstat(path.c_str(), &state);
  return state;
}

/// Every name below `folder` with inode, mode, owner, size, and time of the last change of each.
inline std::string snapshot(const std::string& folder) {
  std::vector<std::string> lines;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(folder)) {
    const auto state = seen(entry.path());
    lines.push_back(fmt::format("{} {} {:o} {} {} {}.{}\n", entry.path().string(), state.st_ino,
                                state.st_mode, state.st_uid, state.st_size, state.st_ctim.tv_sec,
                                state.st_ctim.tv_nsec));
  }
  std::sort(lines.begin(), lines.end());
  std::string all;
  for (const std::string& line : lines) all += line;
  return all;
}

/// The environment's authority of one kind.
struct Office {
  x509::AuthorityKind kind;
  x509::Issuer issuer;

  static Office open(x509::AuthorityKind kind, int generation = 1) {
    auto made = must(x509::create_authority({kind, "shop", generation}, noon()));
    return {kind, must(x509::Issuer::open(kind, made.certificate, std::move(made.key)))};
  }
  [[nodiscard]] std::string pem() const { return issuer.certificate().to_pem(); }

  std::string sign(const std::string& request_der) {
    const auto request = must(x509::Request::parse(request_der));
    const auto draft =
        kind == x509::AuthorityKind::server
            ? must(x509::draft_server("shop", {{"db1.example.org"}, {}}, noon(), base::Days(30)))
            : must(x509::draft_client({"shop", "app"}, noon(), base::Days(30)));
    return must(issuer.sign(must(issuer.approve(draft, request)))).to_pem();
  }
};

inline fleet::Act act(fleet::ActKind kind, const fleet::Slot& slot) {
  fleet::Act made;
  made.kind = kind;
  made.slot = slot;
  return made;
}

inline fleet::Act install(const fleet::Slot& slot, const std::string& certificate,
                          const std::string& expected = "") {
  fleet::Act made = act(fleet::ActKind::install_certificate, slot);
  made.certificate = certificate;
  made.expected_certificate_sha256 = expected;
  return made;
}

inline std::string fingerprint(const std::string& pem) {
  return must(x509::Certificate::from_pem(pem)).fingerprint;
}

/// make key → sign → install; the certificate.
inline std::string issue(slots::Slots& slots, const fleet::Slot& slot, Office& office,
                         const std::string& expected = "") {
  const auto made = must(slots.make_key(act(fleet::ActKind::make_key, slot)));
  std::string certificate = office.sign(made.request);
  CHECK(must(slots.install_certificate(install(slot, certificate, expected))).changed);
  return certificate;
}

}  // namespace house
