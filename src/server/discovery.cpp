// SPDX-License-Identifier: PostgreSQL
// The half of discovery that looks at the host, as root, at small files only. What lies in folders
// of others is opened without waiting (a FIFO there must not stop us) and only names are taken
// from it.
#include "server/discovery.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <pwd.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <map>

#include "base/fd.h"
#include "base/text.h"
#include "settings/configuration_file.h"

namespace server {
namespace {

constexpr std::size_t small_file = 1024UL * 1024;

/// Null where it is no regular file, cannot be read or is longer than expected.
std::optional<std::string> read_small(const std::string& path) {
  const base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat state {};
  if (!file.open() || fstat(file.get(), &state) != 0 || !S_ISREG(state.st_mode))
    return std::nullopt;
  base::Result<std::string> text = base::read_all(file.get(), small_file);
  if (!text) return std::nullopt;
  return std::move(text).value();
}

std::vector<std::string> names_in(const std::string& folder) {
  std::vector<std::string> names;
  DIR* stream = opendir(folder.c_str());
  if (stream == nullptr) return names;
  while (const dirent* entry = readdir(stream)) {
    if (entry->d_name[0] != '.') names.emplace_back(entry->d_name);
  }
  closedir(stream);
  std::sort(names.begin(), names.end());
  return names;
}

std::optional<struct stat> state_of(const std::string& path) {
  struct stat state {};
  if (stat(path.c_str(), &state) != 0) return std::nullopt;
  return state;
}

bool same_folder(const std::string& left, const std::string& right) {
  const auto first = state_of(left);
  const auto second = state_of(right);
  return first && second && first->st_dev == second->st_dev && first->st_ino == second->st_ino;
}

std::string user_name(uid_t uid) {
  passwd entry{};
  passwd* found = nullptr;
  std::array<char, 16384> buffer{};
  if (getpwuid_r(uid, &entry, buffer.data(), buffer.size(), &found) != 0 || found == nullptr) {
    return fmt::format("#{}", uid);
  }
  return entry.pw_name;
}

std::string link_target(const std::string& path) {
  std::array<char, 4096> buffer{};
  const ssize_t length = readlink(path.c_str(), buffer.data(), buffer.size());
  return length > 0 ? std::string(buffer.data(), static_cast<std::size_t>(length)) : std::string();
}

class Search {
 public:
  Search(const fleet::Brief& brief, const SearchPlaces& places) : brief_(brief), places_(places) {}

  std::vector<FoundServer> all() {
    running();
    debian();
    units(places_.own_units, "");
    units(places_.packaged_units, "postgres");
    add_folder(places_.red_hat + "/data", "service settings");
    for (const std::string& version : names_in(places_.red_hat)) {
      add_folder(places_.red_hat + "/" + version + "/data", "service settings");
    }
    if (!brief_.data_directory.empty()) add_folder(brief_.data_directory, "configuration");
    return std::move(found_);
  }

 private:
  bool known(const std::string& folder) const {
    return std::any_of(found_.begin(), found_.end(), [&](const FoundServer& server) {
      return server.shown.data_directory == folder ||
             same_folder(server.shown.data_directory, folder);
    });
  }

  /// The server refuses to run as root, so a process of root's is none of it: one stat(2) spares
  /// looking at most processes of a host.
  void running() {
    std::map<std::string, std::optional<PostmasterFile>> seen;
    for (const std::string& name : names_in(places_.processes)) {
      pid_t pid = 0;
      const auto [end, problem] = std::from_chars(name.data(), name.data() + name.size(), pid);
      if (problem != std::errc() || end != name.data() + name.size()) continue;
      const std::string folder = places_.processes + "/" + name;
      const std::optional<struct stat> owner = state_of(folder);
      if (!owner || owner->st_uid == 0) continue;
      const std::optional<std::string> command = read_small(folder + "/comm");
      if (!command || !is_server(base::trim(*command))) continue;
      const std::string cwd = link_target(folder + "/cwd");
      auto file = seen.find(cwd);
      if (file == seen.end()) {
        const std::optional<std::string> text = read_small(folder + "/cwd/postmaster.pid");
        if (!text) continue;  // this process has just ended: its fellows can still be asked
        file = seen.emplace(cwd, parse_postmaster_file(*text)).first;
      }
      if (file->second && file->second->pid == pid)
        add_running(folder, *file->second, owner->st_uid);
    }
  }

  static bool is_server(std::string_view command) {
    return command == "postgres" || command == "postmaster" || command == "edb-postgres";
  }

  void add_running(const std::string& process, const PostmasterFile& file, uid_t owner) {
    // In another mount namespace the same path is another folder, or none.
    if (!same_folder(process + "/cwd", file.data_directory) || known(file.data_directory)) return;
    FoundServer server;
    server.shown.data_directory = file.data_directory;
    server.shown.port = file.port;
    server.shown.running = true;
    server.shown.found_by = "running postmaster";
    server.os_user = user_name(owner);
    server.socket_directory = file.socket_directory;
    server.postmaster = file.pid;
    const std::optional<std::string> arguments = read_small(process + "/cmdline");
    server.command_line =
        settings::parse_command_line(settings::argv_of_cmdline(arguments.value_or("")));
    server.shown.config_file = config_file_of(server);
    found_.push_back(std::move(server));
  }

  static std::string config_file_of(const FoundServer& server) {
    if (const auto* setting = server.command_line.effective("config_file")) return setting->value;
    const std::string& folder = server.command_line.data_directory;
    return (folder.starts_with('/') ? folder : server.shown.data_directory) + "/postgresql.conf";
  }

  /// /etc/postgresql/VERSION/NAME/postgresql.conf, as pg_createcluster(1) lays it.
  void debian() {
    for (const std::string& version : names_in(places_.debian)) {
      for (const std::string& name : names_in(places_.debian + "/" + version)) {
        const std::string path = places_.debian + "/" + version + "/" + name + "/postgresql.conf";
        const std::optional<std::string> text = read_small(path);
        if (!text) continue;
        const settings::ConfigurationFile file = settings::parse(*text, path);
        const settings::Assignment* directory = file.effective("data_directory");
        if (directory != nullptr) add_stopped(directory->value, path, file, "/etc/postgresql");
      }
    }
  }

  void units(const std::string& folder, std::string_view word) {
    for (const std::string& name : names_in(folder)) {
      if (name.find(word) == std::string::npos) continue;
      const std::string path = folder + "/" + name;
      if (name.ends_with(".service")) add_unit(path);
      if (!name.ends_with(".service.d")) continue;
      for (const std::string& drop_in : names_in(path)) {
        if (drop_in.ends_with(".conf")) add_unit(path + "/" + drop_in);
      }
    }
  }

  void add_unit(const std::string& path) {
    const std::optional<std::string> text = read_small(path);
    if (!text) return;
    for (const std::string& folder : data_directories_of_unit(*text)) {
      add_folder(folder, "service settings");
    }
  }

  /// A folder that keeps its configuration within, as upstream's packages do.
  void add_folder(const std::string& folder, const std::string& found_by) {
    if (!state_of(folder + "/PG_VERSION")) return;
    const std::string path = folder + "/postgresql.conf";
    add_stopped(folder, path, settings::parse(read_small(path).value_or(""), path), found_by);
  }

  void add_stopped(const std::string& folder, const std::string& config_file,
                   const settings::ConfigurationFile& file, const std::string& found_by) {
    const std::optional<struct stat> state = state_of(folder);
    if (!state || !S_ISDIR(state->st_mode) || known(folder)) return;
    FoundServer server;
    server.shown.data_directory = folder;
    server.shown.config_file = config_file;
    server.shown.found_by = found_by;
    server.shown.port = 5432;
    if (const settings::Assignment* port = file.effective("port")) {
      std::from_chars(port->value.data(), port->value.data() + port->value.size(),
                      server.shown.port);
    }
    if (const settings::Assignment* sockets = file.effective("unix_socket_directories")) {
      server.socket_directory = base::trim(base::split(sockets->value, ',').front());
    }
    server.os_user = user_name(state->st_uid);
    found_.push_back(std::move(server));
  }

  const fleet::Brief& brief_;
  const SearchPlaces& places_;
  std::vector<FoundServer> found_;
};

bool is_meant(const FoundServer& server, const fleet::Brief& brief) {
  if (!brief.data_directory.empty() && brief.data_directory != server.shown.data_directory &&
      !same_folder(brief.data_directory, server.shown.data_directory)) {
    return false;
  }
  if (brief.port && *brief.port != server.shown.port) return false;
  if (!brief.os_user.empty() && brief.os_user != server.os_user) return false;
  // A server may listen in several folders while its pid file names the first: the configuration
  // then says which one to use, and only where nothing else was said does it choose.
  return brief.socket_directory.empty() || !brief.data_directory.empty() || brief.port ||
         server.socket_directory.empty() || brief.socket_directory == server.socket_directory ||
         same_folder(brief.socket_directory, server.socket_directory);
}

std::string in_words(const FoundServer& server) {
  return fmt::format("{} (port {}, {}, OS user {}, found by {})",
                     base::printable_line(server.shown.data_directory), server.shown.port,
                     server.shown.running ? "running" : "not running", server.os_user,
                     server.shown.found_by);
}

base::Error absent(const std::vector<FoundServer>& found) {
  if (found.empty()) {
    return base::error(base::Code::server_absent, "could not find a PostgreSQL server")
        .with_detail(
            "No postmaster runs, and neither /etc/postgresql nor service settings name a data "
            "directory.")
        .with_hint(
            "Start the server, or say where it is: data_directory = \"…\" in this [[host]].");
  }
  std::string detail = "Found, but not as the configuration says:";
  for (const FoundServer& server : found) detail += "\n" + in_words(server);
  return base::error(base::Code::server_absent,
                     "could not find the PostgreSQL server that is configured")
      .with_detail(std::move(detail))
      .with_hint("Correct data_directory, port, socket_directory or os_user of this [[host]].");
}

base::Error ambiguous(const std::vector<const FoundServer*>& meant) {
  std::string detail = "Found:";
  std::string hint = "Choose one by a line in this [[host]]:";
  for (const FoundServer* server : meant) {
    detail += "\n" + in_words(*server);
    hint += fmt::format("\ndata_directory = \"{}\"",
                        base::printable_line(server->shown.data_directory));
  }
  return base::error(base::Code::server_ambiguous,
                     fmt::format("found {} PostgreSQL servers, and none is chosen", meant.size()))
      .with_detail(std::move(detail))
      .with_hint(std::move(hint));
}

}  // namespace

std::vector<FoundServer> find_servers(const fleet::Brief& brief, const SearchPlaces& places) {
  return Search(brief, places).all();
}

base::Result<FoundServer> choose_server(const std::vector<FoundServer>& found,
                                        const fleet::Brief& brief) {
  std::vector<const FoundServer*> meant;
  for (const FoundServer& server : found) {
    if (is_meant(server, brief)) meant.push_back(&server);
  }
  if (std::any_of(meant.begin(), meant.end(),
                  [](const auto* server) { return server->shown.running; })) {
    std::erase_if(meant, [](const auto* server) { return !server->shown.running; });
  }
  if (meant.empty()) return absent(found);
  if (meant.size() > 1) return ambiguous(meant);
  FoundServer chosen = *meant.front();
  if (!brief.socket_directory.empty()) chosen.socket_directory = brief.socket_directory;
  return chosen;
}

}  // namespace server
