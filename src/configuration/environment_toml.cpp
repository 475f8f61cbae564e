// SPDX-License-Identifier: PostgreSQL
// From files to an environment: the main one, then what `include` names, then what must hold
// between them. Files are opened so that nothing hangs and no link is followed unseen.
#include "configuration/environment_toml.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <glob.h>
#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <filesystem>
#include <set>
#include <utility>

#include "base/fd.h"
#include "base/heap.h"
#include "configuration/tables.h"

namespace configuration {
namespace {

using base::Code;

std::string absolute(const std::string& path) {
  std::error_code failure;
  const auto made = std::filesystem::absolute(path, failure);
  return failure ? path : made.lexically_normal().string();
}

// O_NONBLOCK: a FIFO in the place of a file must not hang us.
base::Result<std::string> read_regular(const std::string& path, int flags) {
  const base::Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY | flags));
  if (!file.open()) {
    const int why = errno;
    return base::system_error(Code::config_not_found,
                              fmt::format("could not open {}", in_quotes(path)), why)
        .with_hint(why == ENOENT ? "pgseal init FILE writes one." : "");
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0 || !S_ISREG(status.st_mode))
    return base::error(Code::config_not_found,
                       fmt::format("{} is not a regular file", in_quotes(path)));
  // Measured: what is read of a byte, and made of it by a status, takes 25 to 30.
  constexpr off_t worth_it = 128 * 1024;
  if (status.st_size >= worth_it)
    base::expect_heap(32 * std::min(static_cast<std::size_t>(status.st_size), configuration_bytes));
  auto text = base::read_all(file.get(), configuration_bytes);
  if (!text)
    return base::error(Code::config_value, fmt::format("could not read {}", in_quotes(path)))
        .with_detail(text.error().message + ".");
  return text;
}

void read_text(std::string_view text, Draft& draft, Problems& problems, bool included) {
  if (text.size() > configuration_bytes) {
    problems.add(Code::config_value, {}, fmt::format("longer than {} bytes", configuration_bytes));
    return;
  }
  const auto parsed = Document::parse(text);
  if (const auto* problem = std::get_if<configuration::SyntaxProblem>(&parsed)) {
    const bool bare = problem->what.ends_with("could not determine value type");
    problems.add(Code::config_syntax, problem->at, problem->what,
                 bare ? "A text stands in double quotes." : "");
    return;
  }
  const Value top = std::get<Document>(parsed).top();
  included ? configuration::read_included(top, draft, problems)
           : configuration::read_main(top, draft, problems);
}

// ---- include ------------------------------------------------------------------------------------

struct Match {
  std::string path;
  configuration::Position named_at;
};

bool is_pattern(const std::string& text) { return text.find_first_of("*?[") != std::string::npos; }

// glob(3) sorts by the locale; the order here is that of the bytes, everywhere the same.
std::vector<std::string> expand(const std::string& pattern) {
  glob_t found{};
  std::vector<std::string> paths;
  if (::glob(pattern.c_str(), GLOB_NOSORT, nullptr, &found) == 0)
    for (std::size_t index = 0; index < found.gl_pathc; ++index)
      paths.emplace_back(found.gl_pathv[index]);
  ::globfree(&found);
  std::sort(paths.begin(), paths.end());
  return paths;
}

bool acceptable(const Match& match, Problems& problems) {
  struct stat status {};
  const char* what = nullptr;
  if (::lstat(match.path.c_str(), &status) != 0)
    what = "cannot be looked at";
  else if (S_ISLNK(status.st_mode))
    what = "is a symbolic link";
  else if (S_ISDIR(status.st_mode))
    what = "is a folder";
  else if (!S_ISREG(status.st_mode))
    what = "is not a regular file";
  if (what == nullptr) return true;
  problems.add(Code::config_value, match.named_at,
               fmt::format("include matches {}, which {}", in_quotes(match.path), what),
               "Only regular files are included.");
  return false;
}

std::vector<Match> included_files(const Draft& draft, Problems& problems) {
  const std::filesystem::path folder = std::filesystem::path(draft.environment.file).parent_path();
  std::vector<Match> matches;
  std::set<std::string> seen{draft.environment.file};
  for (std::size_t index = 0; index < draft.includes.size(); ++index) {
    const std::string& pattern = draft.includes[index];
    const auto at = draft.include_places[index];
    const auto paths = expand((folder / pattern).string());
    if (paths.empty() && !is_pattern(pattern))
      problems.add(Code::config_not_found, at,
                   fmt::format("include names {}, which is not there", in_quotes(pattern)),
                   "A pattern with * may match nothing; a plain name must be there.");
    for (const std::string& path : paths) {
      Match match{std::filesystem::path(path).lexically_normal().string(), at};
      if (acceptable(match, problems) && seen.insert(match.path).second)
        matches.push_back(std::move(match));
    }
  }
  return matches;
}

void read_includes(Draft& draft, Problems& problems) {
  for (const Match& match : included_files(draft, problems)) {
    problems.enter(match.path);
    const auto text = read_regular(match.path, O_NOFOLLOW);
    if (text)
      read_text(*text, draft, problems, true);
    else
      problems.add(text.error().code, {}, text.error().message);
  }
}

Loaded finish(Draft draft, const Problems& problems) {
  Loaded loaded;
  loaded.findings = problems.findings();
  loaded.error = problems.error();
  loaded.environment = std::move(draft.environment);
  return loaded;
}

// A text that is no TOML has declared nothing; to complain of that too would hide the reason.
void check_whole_if_read(const Draft& draft, Problems& problems) {
  const auto error = problems.error();
  if (!error || error->code != Code::config_syntax) check_whole(draft, problems);
}

}  // namespace

Loaded parse_environment(std::string_view text, const std::string& path) {
  Draft draft;
  Problems problems;
  draft.environment.file = absolute(path);
  problems.enter(draft.environment.file);
  read_text(text, draft, problems, false);
  check_whole_if_read(draft, problems);
  return finish(std::move(draft), problems);
}

Loaded read_environment(const std::string& path) {
  Draft draft;
  Problems problems;
  draft.environment.file = absolute(path);
  problems.enter(draft.environment.file);
  const auto text = read_regular(draft.environment.file, 0);
  if (!text) {
    Loaded loaded = finish(std::move(draft), problems);
    loaded.error = text.error();
    return loaded;
  }
  read_text(*text, draft, problems, false);
  read_includes(draft, problems);
  check_whole_if_read(draft, problems);
  return finish(std::move(draft), problems);
}

base::Result<fleet::Environment> load_environment(const std::string& path) {
  Loaded loaded = read_environment(path);
  if (loaded.error) return std::move(*loaded.error);
  return std::move(loaded.environment);
}

}  // namespace configuration
