// SPDX-License-Identifier: PostgreSQL
// What the tests of x509/ share: fixed times, authorities made once, and the `openssl` and
// `certtool` commands as judges that are not us.
#pragma once

#include <doctest/doctest.h>
#include <sys/wait.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include "x509/authority.h"
#include "x509/issuer.h"

namespace world {

using namespace std::chrono_literals;

inline base::Time day(int year, unsigned month, unsigned number) {
  return std::chrono::sys_days(std::chrono::year_month_day{
      std::chrono::year{year}, std::chrono::month{month}, std::chrono::day{number}});
}
inline const base::Time today = day(2026, 9, 1) + 12h;
inline constexpr std::chrono::seconds ninety_days = 90 * 24h;

/// The value, or a failed test with the error in it.
template <class T>
T need(base::Result<T> result) {
  if (!result)
    FAIL("unexpected error: " << result.error().message << " | " << result.error().detail);
  return std::move(result).value();
}

inline x509::Authority authority(x509::AuthorityKind kind, int generation = 1,
                                 x509::KeyType type = x509::KeyType::p256,
                                 base::Days lifetime = base::Days(3650)) {
  return need(x509::create_authority({kind, "shop", generation, lifetime, type}, today));
}

inline x509::Issuer issuer(x509::AuthorityKind kind, int generation = 1) {
  auto made = authority(kind, generation);
  return need(x509::Issuer::open(kind, std::move(made.certificate), std::move(made.key)));
}

inline x509::Request request(const x509::PrivateKey& key) {
  return need(x509::Request::parse(need(x509::make_request(key, "hint"))));
}

inline x509::PrivateKey key() { return need(x509::PrivateKey::generate(x509::KeyType::p256)); }

inline x509::Certificate issue(x509::Issuer& from, const x509::Draft& draft,
                               const x509::PrivateKey& key) {
  return need(from.sign(need(from.approve(draft, request(key)))));
}

inline x509::Draft server_draft() {
  return need(x509::draft_server("shop", {{"db1.example.org", "db1"}, {"192.0.2.7", "2001:db8::7"}},
                                 today, ninety_days));
}
inline x509::Draft client_draft(const std::string& role = "app") {
  return need(x509::draft_client({"", role}, today, ninety_days));
}

/// A folder that goes with the test.
class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "x509-XXXXXX").string();
    if (mkdtemp(name.data()) == nullptr) FAIL("no temporary folder");
    path_ = name;
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() { std::filesystem::remove_all(path_); }
  std::string write(const std::string& name, std::string_view bytes) const {
    std::ofstream(path_ / name, std::ios::binary) << bytes;
    return (path_ / name).string();
  }
  std::string read(const std::string& name) const {
    std::ifstream file(path_ / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  std::string path(const std::string& name) const { return (path_ / name).string(); }

 private:
  std::filesystem::path path_;
};

struct Ran {
  int status = -1;
  std::string output;  ///< both streams
};

inline Ran run(const std::string& command) {
  Ran ran;
  FILE* pipe = popen(("{ " + command + "; } 2>&1 < /dev/null").c_str(), "re");
  if (pipe == nullptr) return ran;
  std::array<char, 4096> buffer{};
  while (const std::size_t got = fread(buffer.data(), 1, buffer.size(), pipe))
    ran.output.append(buffer.data(), got);
  ran.status = WEXITSTATUS(pclose(pipe));
  return ran;
}

inline bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace world
