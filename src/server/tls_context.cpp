// SPDX-License-Identifier: PostgreSQL
#include "server/tls_context.h"

#include <fmt/format.h>
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/objects.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>

#include "settings/tls_settings.h"
#include "x509/openssl.h"

namespace server {
namespace {

using ContextOwner = x509::Owner<SSL_CTX, SSL_CTX_free>;
using CurveOwner = x509::Owner<EC_GROUP, EC_GROUP_free>;

/// Debian's and Red Hat's default: 112 bits.
constexpr int security_level = 2;

ContextOwner scratch_context() {
  ContextOwner context(SSL_CTX_new(TLS_server_method()));
  if (context) SSL_CTX_set_security_level(context.get(), security_level);
  return context;
}

std::string reason_of(std::string_view what) {
  const base::Error error = x509::openssl_error(base::Code::server_settings, std::string(what));
  return error.detail.empty() ? error.message : fmt::format("{} ({})", error.message, error.detail);
}

std::string why_not_curve(const std::string& curve) {
  const int nid = OBJ_sn2nid(curve.c_str());
  if (nid == NID_undef) return fmt::format("unrecognized ECDH curve \"{}\"", curve);
  const CurveOwner group(EC_GROUP_new_by_curve_name(nid));
  if (group) return {};
  return reason_of(fmt::format("could not create a key on ECDH curve \"{}\"", curve));
}

/// Groups after OpenSSL 3.0, and what its lists may hold since 3.5.
bool of_a_newer_library(std::string_view group) {
  return group.empty() || group.find("MLKEM") != group.npos ||
         group.find_first_of("?*/") != group.npos || group.starts_with("DEFAULT") ||
         group.starts_with('-');
}

base::Finding refusal(const ServerView& view, const ContextProblem& problem) {
  base::Finding found;
  found.code = "server.tls-refused";
  found.message = fmt::format("{}: {}", problem.setting, problem.what);
  found.detail =
      "With TLS on, the server would keep its old context at a reload, and not start again.";
  found.hint = fmt::format("Correct {} or take it out.", problem.setting);
  found.clause = "postgresql runtime-config-connection";
  if (view.fixed_at_start(problem.setting)) {
    found.detail += " It comes from the command line.";
  } else if (const fleet::SettingFact* fact = view.written_setting(problem.setting)) {
    found.file = fact->file;
    found.line = fact->line;
  }
  return found;
}

}  // namespace

std::string why_not_ciphers(std::string_view list) {
  // Red Hat's servers and OpenSSL alone know this word: the system's policy.
  if (list.starts_with("PROFILE=")) return {};
  const ContextOwner context = scratch_context();
  if (context && SSL_CTX_set_cipher_list(context.get(), std::string(list).c_str()) == 1) return {};
  return reason_of(fmt::format("could not set the cipher list \"{}\"", list));
}

std::string why_not_suites(std::string_view list) {
  if (list.empty()) return {};
  const ContextOwner context = scratch_context();
  if (context && SSL_CTX_set_ciphersuites(context.get(), std::string(list).c_str()) == 1) return {};
  return reason_of(fmt::format("could not set the TLSv1.3 cipher suites \"{}\"", list));
}

std::string why_not_groups(int major, const std::string& groups) {
  if (major < 18) return why_not_curve(groups);
  std::size_t at = 0;
  while (at <= groups.size()) {
    const std::size_t end = std::min(groups.find(':', at), groups.size());
    const std::string group = groups.substr(at, end - at);
    at = end + 1;
    if (of_a_newer_library(group)) continue;
    const ContextOwner context = scratch_context();
    if (!context || SSL_CTX_set1_groups_list(context.get(), group.c_str()) != 1)
      return reason_of(fmt::format("could not set group \"{}\"", group));
  }
  return {};
}

std::string why_not_dh(const TlsFile& file) {
  if (!file.problem.empty())
    return fmt::format("could not open the DH parameters file: {}", file.problem);
  const x509::BioOwner text = x509::read_only_bio(file.text.expose_secret());
  x509::KeyOwner parameters(PEM_read_bio_Parameters(text.get(), nullptr));
  if (!parameters ||
      (EVP_PKEY_is_a(parameters.get(), "DH") != 1 && EVP_PKEY_is_a(parameters.get(), "DHX") != 1))
    return reason_of("the file holds no DH parameters");
  BIGNUM* number = nullptr;
  if (EVP_PKEY_get_bn_param(parameters.get(), OSSL_PKEY_PARAM_FFC_P, &number) != 1)
    return reason_of("invalid DH parameters");
  const x509::Owner<BIGNUM, BN_free> prime(number);
  // As DH_check there: a prime that is not a safe one is let pass.
  if (BN_check_prime(prime.get(), nullptr, nullptr) != 1)
    return "invalid DH parameters: p is not prime";
  const ContextOwner context = scratch_context();
  if (!context || SSL_CTX_set0_tmp_dh_pkey(context.get(), parameters.get()) != 1)
    return reason_of("could not set the DH parameters");
  static_cast<void>(parameters.release());  // the context's now
  return {};
}

std::string why_not_crl(const TlsFile& file) {
  if (!file.problem.empty())
    return fmt::format("could not read the certificate revocation list file: {}", file.problem);
  const x509::BioOwner text = x509::read_only_bio(file.text.expose_secret());
  const x509::Owner<X509_CRL, X509_CRL_free> list(
      PEM_read_bio_X509_CRL(text.get(), nullptr, nullptr, nullptr));
  return list ? std::string() : reason_of("the file holds no certificate revocation list");
}

std::vector<ContextProblem> judge_context(const TlsPlan& plan, const TlsFile& dh,
                                          const TlsFile& crl) {
  std::vector<ContextProblem> problems;
  const auto note = [&](std::string_view setting, std::string why) {
    if (!why.empty()) problems.push_back({std::string(setting), std::move(why)});
  };
  note("ssl_ciphers", why_not_ciphers(plan.ciphers));
  note("ssl_tls13_ciphers", why_not_suites(plan.suites));
  note(plan.groups_setting, why_not_groups(plan.major, plan.groups));
  const auto note_file = [&](std::string_view setting, const std::string& path, std::string why) {
    if (!why.empty()) note(setting, fmt::format("\"{}\": {}", path, why));
  };
  if (!plan.dh.empty()) note_file("ssl_dh_params_file", plan.dh, why_not_dh(dh));
  if (!plan.crl.empty()) note_file("ssl_crl_file", plan.crl, why_not_crl(crl));
  return problems;
}

namespace {

/// What lies in files is read each time.
base::Result<std::vector<ContextProblem>> judge_remembered(const TlsPlan& plan,
                                                           const host::OsUser& user,
                                                           ServerChild& child,
                                                           ContextMemory& memory) {
  if (!plan.dh.empty() || !plan.crl.empty()) {
    const std::vector<TlsFile> files = TRY(read_tls_files({plan.dh, plan.crl}, user, child));
    return judge_context(plan, files[0], files[1]);
  }
  std::vector<std::string> asked = {std::to_string(plan.major), plan.ciphers, plan.suites,
                                    plan.groups_setting, plan.groups};
  if (asked != memory.asked) {
    memory.problems = judge_context(plan, {}, {});
    memory.asked = std::move(asked);
  }
  return memory.problems;
}

}  // namespace

base::Result<base::Findings> refused_once_on(const ServerView& view, const host::OsUser& user,
                                             ServerChild& child, ContextMemory& memory) {
  const TlsPlan plan = plan_after_reload(view);
  base::Findings findings;
  for (const ContextProblem& problem : TRY(judge_remembered(plan, user, child, memory)))
    findings.push_back(refusal(view, problem));
  return findings;
}

}  // namespace server
