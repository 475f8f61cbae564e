// SPDX-License-Identifier: PostgreSQL
// Names of X.501 as PostgreSQL prints them and as we write them. Internal to x509/.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "x509/profile.h"

namespace x509 {

struct NameTexts {
  std::string slash;  ///< "/O=shop/CN=app", not cut
  std::vector<std::string> common_names;
};

/// Reads a Name in DER. Error Code::parse.
base::Result<NameTexts> read_name(std::string_view der);

/// Name in DER: organization (if any) and common name, both UTF8String (RFC 5280 4.1.2.4).
std::string write_name(const Subject& subject);

}  // namespace x509
