// SPDX-License-Identifier: PostgreSQL
// Secrets taken out of settings before they become facts, messages or logs: passwords in connection
// strings, in URIs, and whatever looks like one in a command. Total functions that never fail: what
// cannot be understood is masked as a whole where it is a connection string.
#pragma once

#include <string>
#include <string_view>

namespace settings {

inline constexpr std::string_view masked = "********";

/// A connection string with the values of password, sslpassword, oauth_client_secret, scram_*_key,
/// and a URI's password replaced by `masked`; the rest byte for byte. One that libpq would refuse
/// is masked from the first suspicious byte, or entirely.
std::string mask_conninfo(std::string_view text);

/// Any other text (a shell command): masked are values after words that end in password, passwd,
/// pwd, secret, token, passphrase or access key with "=", ":" or a blank, and passwords in URIs.
/// Conservative: rather too much than too little.
std::string mask_words(std::string_view text);

/// The value of the setting `name` as it may be shown. primary_conninfo: as a connection string;
/// ssl_passphrase_command: entirely, because it prints the passphrase and `echo …` is a common form
/// of it; everything else, archive_command and restore_command among it: `mask_words`.
std::string mask_setting(std::string_view name, std::string_view value);

/// A whole postgresql.conf (or postgresql.auto.conf, recovery.conf) with the values of its settings
/// masked, in comments and bad lines too; the rest byte for byte.
std::string mask_configuration(std::string_view text);

}  // namespace settings
