// SPDX-License-Identifier: PostgreSQL
// Data directories are found by asking the host: its running postmasters, Debian's /etc/postgresql,
// and what service settings say. Finding one gives it no rights: a host is a database host because
// the configuration says so, and it is known again by its system identifier.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "fleet/act.h"
#include "fleet/facts.h"
#include "settings/command_line.h"

namespace server {

/// postmaster.pid (miscadmin.h of the server's source, LOCK_FILE_LINE_*): written by the postmaster
/// into its data directory, a line each.
struct PostmasterFile {
  pid_t pid = 0;  ///< as that postmaster's own pid namespace counts
  std::string data_directory;
  std::int64_t start = 0;  ///< seconds since 1970-01-01 UTC
  int port = 0;
  std::string socket_directory;  ///< the first one; empty: none, or not written yet
  std::string listen_address;    ///< the first one; empty: none
  std::string status;            ///< "starting", "ready", "standby", "stopping"; 10 and later
};

/// Null where the first line is no positive number or no data directory follows it (a file just
/// being written, or another program's). Lines that are not there yet stay empty.
std::optional<PostmasterFile> parse_postmaster_file(std::string_view text);

/// The values of PGDATA that a systemd unit or drop-in sets (systemd.exec, "Environment="), in
/// order; with quotes taken off, unit specifiers ("%i") left out because they name no folder.
std::vector<std::string> data_directories_of_unit(std::string_view unit);

/// A data directory and how to reach its server.
struct FoundServer {
  fleet::ServerCandidate shown;
  std::string os_user;           ///< owner of the postmaster, or of the data directory
  std::string socket_directory;  ///< empty: unknown
  pid_t postmaster = 0;          ///< 0: not running
  settings::CommandLine command_line;
};

/// Where to look, so that a test can give it folders of its own.
struct SearchPlaces {
  std::string processes = "/proc";
  std::string debian = "/etc/postgresql";
  std::string own_units = "/etc/systemd/system";           ///< every unit and drop-in
  std::string packaged_units = "/usr/lib/systemd/system";  ///< those of PostgreSQL by their name
  std::string red_hat = "/var/lib/pgsql";                  ///< data, or VERSION/data below it
};

/// All that are found, one for each data directory, running ones first. `data_directory` of the
/// configuration is looked at too, wherever it lies. A postmaster of a container is left out: its
/// pid file and its folders are those of another namespace. Reads /proc and small files; asks no
/// server.
std::vector<FoundServer> find_servers(const fleet::Brief& brief, const SearchPlaces& places = {});

/// The one that is meant. What the configuration says (data_directory, port, socket_directory,
/// os_user) must hold; among several, one that runs goes before those that do not, because an
/// upgrade leaves the old one lying beside it. Errors: server_absent; server_ambiguous, whose
/// detail lists them and whose hint is the line for pgseal.toml.
base::Result<FoundServer> choose_server(const std::vector<FoundServer>& found,
                                        const fleet::Brief& brief);

}  // namespace server
