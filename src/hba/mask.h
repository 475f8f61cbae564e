// SPDX-License-Identifier: PostgreSQL
// Secrets taken out of a pg_hba.conf before its text becomes a fact or a message: the values of
// ldapbindpasswd and radiussecrets (auth-ldap, auth-radius). Text for text, without understanding
// the rules, so that no bad rule keeps a secret from being masked.
#pragma once

#include <string>
#include <string_view>

namespace hba {

/// `pg_hba_text` with every value of ldapbindpasswd and radiussecrets, and the password inside an
/// ldapurl's authority, replaced by "********"; all other bytes stay. Quoted or not, the quote
/// around the value or the whole token, lists with commas, continued lines (a backslash at the
/// line's end, as 14 and later join them; masked in any case, since the text does not tell the
/// version) and comments. Where a value spans lines, they become one. Total: any bytes are taken.
std::string mask_secrets(std::string_view pg_hba_text);

/// A message about `line`, in which the server repeats some of its words: those that belong to a
/// secret are replaced.
std::string mask_message(std::string_view message, std::string_view line);

}  // namespace hba
