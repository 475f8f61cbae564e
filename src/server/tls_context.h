// SPDX-License-Identifier: PostgreSQL
// The settings that be_tls_init of the server's source (be-secure-openssl.c) hands to OpenSSL
// beside the pair and the trust. While TLS is off nobody looks at them; once it is on, one bad
// value makes a reload keep the old context and the next start fail. OpenSSL's own parsers are
// asked.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/finding.h"
#include "base/result.h"
#include "server/tls_files.h"

namespace server {

/// A setting that OpenSSL would not take, and why.
struct ContextProblem {
  std::string setting;
  std::string what;
};

/// Each null or the reason; pure. A name that a newer OpenSSL than ours may know is let pass.
std::string why_not_ciphers(std::string_view list);
std::string why_not_suites(std::string_view list);
/// One curve up to version 17, a list of groups from 18 on.
std::string why_not_groups(int major, const std::string& groups);
std::string why_not_dh(const TlsFile& file);
std::string why_not_crl(const TlsFile& file);

/// All of them, with the two files as the server's user met them.
std::vector<ContextProblem> judge_context(const TlsPlan& plan, const TlsFile& dh,
                                          const TlsFile& crl);

/// The last verdict about settings without files: each look of a conversation asks for the same,
/// and OpenSSL's contexts cost more than all else in it.
struct ContextMemory {
  std::vector<std::string> asked;
  std::vector<ContextProblem> problems;
};

/// "server.tls-refused" for each setting that would be in force once TLS is on, with its place.
/// Files are read as `user`. Errors: of `ServerChild`.
base::Result<base::Findings> refused_once_on(const ServerView& view, const host::OsUser& user,
                                             ServerChild& child, ContextMemory& memory);

}  // namespace server
