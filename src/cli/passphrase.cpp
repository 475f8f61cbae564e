// SPDX-License-Identifier: PostgreSQL
#include "cli/passphrase.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <charconv>
#include <cstdlib>
#include <optional>

#include "base/fd.h"

namespace cli {
namespace {

using base::Code;
using base::Result;
using base::Secret;

constexpr std::size_t passphrase_bytes = 4096;

Result<Secret> accept(Secret secret, const std::string& source) {
  secret.trim_newline();
  if (!secret.empty()) return secret;
  return base::error(Code::authority_passphrase,
                     fmt::format("passphrase from {} is empty", source));
}

Result<Secret> from_descriptor(const char* text) {
  int number = -1;
  const std::string_view digits(text);
  const auto [end, failed] = std::from_chars(digits.begin(), digits.end(), number);
  if (failed != std::errc() || end != digits.end() || number < 0)
    return base::error(Code::authority_passphrase, "PGSEAL_PASSPHRASE_FD is not a descriptor");
  const base::Fd descriptor(number);
  auto read = base::read_all(number, passphrase_bytes);
  if (!read)
    return base::error(Code::authority_passphrase,
                       fmt::format("could not read a passphrase from descriptor {}", number))
        .with_detail(read.error().detail.empty() ? read.error().message : read.error().detail)
        .with_hint("PGSEAL_PASSPHRASE_FD names an open descriptor: PGSEAL_PASSPHRASE_FD=3 3<FILE.");
  return accept(Secret(std::move(*read)), "PGSEAL_PASSPHRASE_FD");
}

Result<Secret> from_file(const std::string& path) {
  struct stat seen {};
  if (::stat(path.c_str(), &seen) == 0 && (seen.st_mode & 077) != 0)
    return base::error(Code::authority_passphrase,
                       fmt::format("passphrase file \"{}\" can be read by others", path))
        .with_hint(fmt::format("chmod 600 {}", path));
  auto text = base::read_file(path, passphrase_bytes);
  if (!text)
    return base::error(Code::authority_passphrase,
                       fmt::format("could not read passphrase file \"{}\"", path))
        .with_detail(text.error().detail);
  return accept(Secret(std::move(*text)), "\"" + path + "\"");
}

/// Echo off while it lives, and back whatever happens.
class Silent {
 public:
  explicit Silent(int terminal) : terminal_(terminal) {
    if (::tcgetattr(terminal_, &before_) != 0) return;
    struct termios quiet = before_;
    quiet.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    changed_ = ::tcsetattr(terminal_, TCSAFLUSH, &quiet) == 0;
  }
  Silent(const Silent&) = delete;
  Silent& operator=(const Silent&) = delete;
  ~Silent() {
    if (changed_) ::tcsetattr(terminal_, TCSAFLUSH, &before_);
  }

 private:
  int terminal_;
  struct termios before_ {};
  bool changed_ = false;
};

Result<Secret> ask_once(int terminal, std::string_view prompt) {
  TRY(base::write_all(terminal, prompt));
  std::string line;
  {
    const Silent silent(terminal);
    char c = 0;
    while (line.size() < passphrase_bytes && ::read(terminal, &c, 1) == 1 && c != '\n') line += c;
  }
  TRY(base::write_all(terminal, "\n"));
  return Secret(std::move(line));
}

Result<Secret> from_prompt(bool confirm) {
  const base::Fd terminal(::open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY));
  if (!terminal.open())
    return base::error(Code::authority_passphrase, "no passphrase for the authorities' keys")
        .with_hint(
            "Set passphrase_file in [authority], PGSEAL_PASSPHRASE_FD, or the systemd "
            "credential pgseal-passphrase; or run it on a terminal.");
  Secret first = TRY(ask_once(terminal.get(), confirm ? "new passphrase for the authorities' keys: "
                                                      : "passphrase of the authorities' keys: "));
  if (!confirm) return accept(std::move(first), "the terminal");
  const Secret again = TRY(ask_once(terminal.get(), "once more: "));
  if (first.expose_secret() != again.expose_secret())
    return base::error(Code::authority_passphrase, "the two passphrases are not the same");
  return accept(std::move(first), "the terminal");
}

/// The systemd credential's path, "" where there is none.
std::string credential() {
  const char* folder = std::getenv("CREDENTIALS_DIRECTORY");
  if (folder == nullptr) return "";
  std::string path = std::string(folder) + "/pgseal-passphrase";
  return ::access(path.c_str(), F_OK) == 0 ? path : "";
}

}  // namespace

bool passphrase_at_hand(const fleet::Environment& environment) {
  return std::getenv("PGSEAL_PASSPHRASE_FD") != nullptr || !credential().empty() ||
         !environment.authority.passphrase_file.empty();
}

operations::PassphraseSource passphrase_source(const fleet::Environment& environment) {
  const std::string file = environment.authority.passphrase_file;
  return [file](bool confirm) -> Result<Secret> {
    if (const char* descriptor = std::getenv("PGSEAL_PASSPHRASE_FD"))
      return from_descriptor(descriptor);
    if (const std::string path = credential(); !path.empty()) return from_file(path);
    if (!file.empty()) return from_file(file);
    return from_prompt(confirm);
  };
}

}  // namespace cli
