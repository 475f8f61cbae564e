// SPDX-License-Identifier: PostgreSQL
#include "server/tls_files.h"

#include <errno.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <string.h>
#include <sys/stat.h>

#include <charconv>

#include "base/fd.h"
#include "base/pack.h"
#include "base/text.h"
#include "server/tls_context.h"
#include "settings/tls_settings.h"
#include "x509/bundle.h"
#include "x509/pair.h"

namespace server {
namespace {

constexpr std::size_t file_bytes = 1024UL * 1024;

bool is_on(std::string_view value) {
  const std::string word = base::lower(value);
  return word == "on" || word == "true" || word == "yes" || word == "1" || word == "t" ||
         word == "y";
}

// ---- in the child: no OpenSSL -------------------------------------------------------------------

std::string read_one_packed(const std::string& path) {
  if (path.empty()) return base::pack({"", "0", "0", ""});
  const base::Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY));
  struct stat state {};
  std::string problem;
  std::string text;
  if (!file.open() || fstat(file.get(), &state) != 0) {
    problem = strerror(errno);
  } else if (!S_ISREG(state.st_mode)) {
    problem = "is not a regular file";
  } else if (base::Result<std::string> read = base::read_all(file.get(), file_bytes)) {
    text = std::move(read).value();
  } else {
    problem = read.error().message;
  }
  return base::pack(
      {problem, std::to_string(state.st_uid), std::to_string(state.st_mode & 07777U), text});
}

// ---- in the parent ------------------------------------------------------------------------------

base::Result<TlsFile> unpack_tls_file(const std::string& packed) {
  std::vector<std::string> items = TRY(base::unpack(packed));
  if (items.size() != 4) return base::error(base::Code::internal, "a child's file cannot be read");
  TlsFile file;
  file.problem = items[0];
  std::from_chars(items[1].data(), items[1].data() + items[1].size(), file.uid);
  std::from_chars(items[2].data(), items[2].data() + items[2].size(), file.mode);
  file.text = base::Secret(std::move(items[3]));
  return file;
}

/// As check_ssl_key_file_permissions of the server's source (be-secure-common.c).
void judge_key_mode(const TlsPlan& plan, const TlsFile& key, uid_t server, TlsVerdict& verdict) {
  const std::string name = fmt::format("private key file \"{}\"", plan.key);
  if (key.uid != server && key.uid != 0) {
    verdict.problems.push_back(name + " must be owned by the database user or root");
  } else if ((key.uid == server && (key.mode & 077U) != 0) ||
             (key.uid != server && (key.mode & 037U) != 0)) {
    verdict.problems.push_back(
        fmt::format("{} has group or world access (mode {:04o})", name, key.mode));
  }
}

/// OpenSSL's security level 2 (SSL_CTX_set_security_level), Debian's default: 112 bits.
void judge_strength(const std::string& path, const x509::Certificate& certificate, bool leaf,
                    TlsVerdict& verdict) {
  const int least = certificate.key_algorithm == "RSA" ? 2048 : 224;
  if (leaf && certificate.key_bits != 0 && certificate.key_bits < least) {
    verdict.problems.push_back(
        fmt::format("certificate file \"{}\": key too small ({} with {} bits)", path,
                    certificate.key_algorithm, certificate.key_bits));
  }
  const std::string algorithm = base::lower(certificate.signature_algorithm);
  const bool weak =
      algorithm.find("sha1") != algorithm.npos || algorithm.find("md5") != algorithm.npos;
  if (weak && !certificate.self_issued()) {
    verdict.problems.push_back(fmt::format("certificate file \"{}\": signature too weak ({})", path,
                                           certificate.signature_algorithm));
  }
}

void judge_protocols(const TlsPlan& plan, TlsVerdict& verdict) {
  if (plan.min_protocol.empty() || plan.max_protocol.empty()) return;
  if (settings::compare_protocols(plan.max_protocol, plan.min_protocol).value_or(0) < 0) {
    verdict.problems.push_back(
        fmt::format("ssl_max_protocol_version {} is older than ssl_min_protocol_version {}",
                    plan.max_protocol, plan.min_protocol));
  }
}

}  // namespace

TlsPlan plan_after_reload(const ServerView& view) {
  const auto path = [&](std::string_view name) {
    const std::string value = view.after_reload(name);
    return value.empty() || value.front() == '/' ? value : view.data_directory + "/" + value;
  };
  TlsPlan plan;
  plan.on = is_on(view.after_reload("ssl"));
  plan.certificate = path("ssl_cert_file");
  plan.key = path("ssl_key_file");
  plan.client_ca = path("ssl_ca_file");
  plan.crl = path("ssl_crl_file");
  plan.dh = path("ssl_dh_params_file");
  plan.major = view.major();
  plan.ciphers = view.after_reload("ssl_ciphers");
  plan.suites = view.after_reload("ssl_tls13_ciphers");
  // 18 takes the old name as another for the new one; files show the one that was written.
  const bool named_anew = plan.major >= 18 && (view.fixed_at_start("ssl_groups") ||
                                               view.written_setting("ssl_ecdh_curve") == nullptr);
  plan.groups_setting = named_anew ? "ssl_groups" : "ssl_ecdh_curve";
  const fleet::SettingFact* old_name = view.written_setting("ssl_ecdh_curve");
  plan.groups =
      plan.major < 18 || named_anew ? view.after_reload(plan.groups_setting) : old_name->value;
  plan.min_protocol = view.after_reload("ssl_min_protocol_version");
  plan.max_protocol = view.after_reload("ssl_max_protocol_version");
  plan.passphrase_command = !view.after_reload("ssl_passphrase_command").empty() &&
                            is_on(view.after_reload("ssl_passphrase_command_supports_reload"));
  return plan;
}

void judge_pair(const TlsPlan& plan, const TlsFile& certificate, const TlsFile& key, uid_t server,
                TlsVerdict& verdict) {
  if (!certificate.problem.empty()) {
    verdict.problems.push_back(fmt::format("could not load server certificate file \"{}\": {}",
                                           plan.certificate, certificate.problem));
  }
  if (!key.problem.empty()) {
    verdict.problems.push_back(
        fmt::format("could not access private key file \"{}\": {}", plan.key, key.problem));
  }
  if (!certificate.problem.empty() || !key.problem.empty()) return;
  judge_key_mode(plan, key, server, verdict);
  const base::Result<x509::Pair> pair =
      plan.certificate == plan.key
          ? x509::parse_pair(key.text.expose_secret())
          : x509::parse_pair(certificate.text.expose_secret(), key.text.expose_secret());
  if (!pair) {
    verdict.problems.push_back(fmt::format("\"{}\": {}", plan.certificate, pair.error().message));
    return;
  }
  if (!pair->leaf) {
    verdict.problems.push_back(fmt::format("\"{}\" holds no certificate", plan.certificate));
  }
  if (pair->key_encrypted) {
    if (plan.passphrase_command) return;
    verdict.problems.push_back(fmt::format(
        "private key file \"{}\" cannot be reloaded because it requires a passphrase", plan.key));
  } else if (!pair->has_key) {
    verdict.problems.push_back(fmt::format("\"{}\" holds no private key", plan.key));
  } else if (pair->leaf && !pair->key_matches) {
    verdict.problems.push_back(
        fmt::format("private key file \"{}\" does not belong to the certificate in \"{}\"",
                    plan.key, plan.certificate));
  }
  if (pair->leaf) judge_strength(plan.certificate, *pair->leaf, true, verdict);
  for (const x509::Certificate& link : pair->chain)
    judge_strength(plan.certificate, link, false, verdict);
}

void judge_trust(const std::string& path, const TlsFile& file, TlsVerdict& verdict) {
  if (!file.problem.empty()) {
    verdict.problems.push_back(
        fmt::format("could not load root certificate file \"{}\": {}", path, file.problem));
    return;
  }
  const base::Result<x509::Bundle> bundle = x509::Bundle::from_pem(file.text.expose_secret());
  if (!bundle) {
    verdict.problems.push_back(fmt::format("could not load root certificate file \"{}\": {}", path,
                                           bundle.error().message));
  } else if (bundle->empty()) {
    verdict.problems.push_back(
        fmt::format("root certificate file \"{}\" holds no certificate", path));
  }
}

std::string read_packed(const std::vector<std::string>& paths) {
  std::vector<std::string> read;
  read.reserve(paths.size());
  for (const std::string& path : paths) read.push_back(read_one_packed(path));
  std::string all = base::pack(read);
  for (std::string& item : read) explicit_bzero(item.data(), item.size());
  return all;
}

base::Result<std::vector<TlsFile>> read_tls_files(const std::vector<std::string>& paths,
                                                  const host::OsUser& user, ServerChild& child) {
  std::string packed = TRY(child.read(user, paths));
  std::vector<std::string> items = TRY(base::unpack(packed));
  explicit_bzero(packed.data(), packed.size());
  if (items.size() != paths.size())
    return base::error(base::Code::internal, "a child's files cannot be read");
  std::vector<TlsFile> files;
  files.reserve(items.size());
  for (std::string& item : items) {
    files.push_back(TRY(unpack_tls_file(item)));
    explicit_bzero(item.data(), item.size());
  }
  return files;
}

base::Result<TlsVerdict> check_tls_files(const TlsPlan& plan, const host::OsUser& user,
                                         ServerChild& child) {
  TlsVerdict verdict;
  if (!plan.on) return verdict;
  const std::vector<TlsFile> files = TRY(
      read_tls_files({plan.certificate, plan.key, plan.client_ca, plan.crl, plan.dh}, user, child));
  judge_pair(plan, files[0], files[1], user.uid, verdict);
  if (!plan.client_ca.empty()) judge_trust(plan.client_ca, files[2], verdict);
  for (const ContextProblem& problem : judge_context(plan, files[4], files[3]))
    verdict.problems.push_back(fmt::format("{}: {}", problem.setting, problem.what));
  judge_protocols(plan, verdict);
  return verdict;
}

std::string lines_of(const std::vector<std::string>& items) {
  std::string lines;
  for (const std::string& item : items) {
    if (!lines.empty()) lines += '\n';
    lines += item;
  }
  return lines;
}

}  // namespace server
