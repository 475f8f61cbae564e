// SPDX-License-Identifier: PostgreSQL
#include "hba/rule.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <iterator>

#include "hba/pattern.h"

namespace hba {
namespace {

struct TypeRow {
  std::string_view word;
  ConnectionType type;
  int since;
};

constexpr TypeRow types[] = {
    {"local", ConnectionType::local, 10},
    {"host", ConnectionType::host, 10},
    {"hostssl", ConnectionType::hostssl, 10},
    {"hostnossl", ConnectionType::hostnossl, 10},
    {"hostgssenc", ConnectionType::hostgssenc, 12},
    {"hostnogssenc", ConnectionType::hostnogssenc, 12},
};

struct MethodRow {
  std::string_view word;
  Method method;
  int since;
  bool built;  ///< in the usual builds for Linux
};

constexpr MethodRow methods[] = {
    {"trust", Method::trust, 10, true},
    {"reject", Method::reject, 10, true},
    {"password", Method::password, 10, true},
    {"md5", Method::md5, 10, true},
    {"scram-sha-256", Method::scram, 10, true},
    {"ident", Method::ident, 10, true},
    {"peer", Method::peer, 10, true},
    {"gss", Method::gss, 10, true},
    {"sspi", Method::sspi, 10, false},
    {"pam", Method::pam, 10, true},
    {"bsd", Method::bsd, 10, false},
    {"ldap", Method::ldap, 10, true},
    {"cert", Method::cert, 10, true},
    {"radius", Method::radius, 10, true},
    {"oauth", Method::oauth, 18, true},
};

/// Reads the fields from left to right until one is wrong.
class RuleReader {
 public:
  RuleReader(std::vector<Field>& fields, const Version& version, const ServerTraits& traits)
      : fields_(fields), version_(version), traits_(traits) {}

  ParsedRule read() {
    if (read_type() && read_names(rule_.databases, "database specification") &&
        read_names(rule_.users, "role specification") && read_address_field() && read_method() &&
        read_options())
      parsed_.rule = std::move(rule_);
    else
      give_back_names();
    return std::move(parsed_);
  }

 private:
  void give_back_names() {
    if (!rule_.databases.empty()) fields_[1] = std::move(rule_.databases);
    if (!rule_.users.empty()) fields_[2] = std::move(rule_.users);
  }

  /// A refusal without words leaves those of a warning before it, as the server's view does.
  bool refuse(std::string error) {
    if (!error.empty()) parsed_.error = std::move(error);
    return false;
  }

  /// The next field; null with an error where the line ends before it.
  Field* next(std::string_view missing) {
    if (at_ < fields_.size()) return &fields_[at_++];
    refuse(fmt::format("end-of-line before {}", missing));
    return nullptr;
  }

  /// Its only token.
  const Token* single(std::string_view missing, std::string_view several) {
    const Field* field = next(missing);
    if (field == nullptr) return nullptr;
    if (field->size() == 1) return &field->front();
    refuse(fmt::format("multiple values specified for {}", several));
    return nullptr;
  }

  bool read_type() {
    const Token* token = single("connection type", "connection type");
    if (token == nullptr) return false;
    const auto row = std::find_if(std::begin(types), std::end(types), [&](const TypeRow& each) {
      return each.word == token->text && each.since <= version_.major;
    });
    if (row == std::end(types))
      return refuse(fmt::format("invalid connection type \"{}\"", token->text));
    rule_.type = row->type;
    if (rule_.type == ConnectionType::hostssl && !traits_.ssl)
      parsed_.error = "hostssl record cannot match because SSL is disabled";
    return true;
  }

  bool read_names(Field& names, std::string_view missing) {
    Field* field = next(missing);
    if (field == nullptr) return false;
    names = std::move(*field);
    for (const Token& token : names) {
      if (!token.is_expression(version_)) continue;
      const PatternVerdict verdict = check_pattern(std::string_view(token.text).substr(1));
      if (verdict.state == PatternVerdict::State::undecided)
        parsed_.doubt = "what the regular expression means";
      if (verdict.state == PatternVerdict::State::refused)
        return refuse(fmt::format("invalid regular expression \"{}\": {}", token.text.substr(1),
                                  verdict.why));
    }
    return true;
  }

  bool read_address_field() {
    if (rule_.type == ConnectionType::local) return true;
    const Token* token = single("IP address specification", "host address");
    if (token == nullptr) return false;
    AddressSpec& spec = rule_.address;
    using Kind = AddressSpec::Kind;
    spec.kind = token->is("all")        ? Kind::all
                : token->is("samehost") ? Kind::samehost
                : token->is("samenet")  ? Kind::samenet
                                        : Kind::network;
    if (spec.kind != Kind::network) return true;
    const std::size_t slash = token->text.find('/');
    const std::string name = token->text.substr(0, slash);
    NumericAddress numeric = read_address(name);
    if (numeric.state == NumericAddress::State::wrong)
      return refuse(fmt::format("invalid IP address \"{}\": {}", name, numeric.why));
    spec.address = numeric.address;
    if (numeric.state == NumericAddress::State::name) {
      spec.kind = Kind::name;
      spec.name = name;
    }
    if (slash == std::string::npos) return spec.kind == Kind::name || read_mask_field();
    if (spec.kind == Kind::name)
      return refuse(
          fmt::format("specifying both host name and CIDR mask is invalid: \"{}\"", token->text));
    const auto mask = mask_of_length(token->text.substr(slash + 1), spec.address.family);
    if (!mask) return refuse(fmt::format("invalid CIDR mask in address \"{}\"", token->text));
    spec.mask = *mask;
    return true;
  }

  bool read_mask_field() {
    const Token* token = single("netmask specification", "netmask");
    if (token == nullptr) return false;
    const NumericAddress mask = read_address(token->text);
    if (mask.state != NumericAddress::State::address)
      return refuse(fmt::format("invalid IP mask \"{}\": {}", token->text, mask.why));
    if (mask.address.family != rule_.address.address.family)
      return refuse("IP address and mask do not match");
    rule_.address.mask = mask.address;
    return true;
  }

  bool read_method() {
    const Token* token = single("authentication method", "authentication type");
    if (token == nullptr) return false;
    const auto row =
        std::find_if(std::begin(methods), std::end(methods), [&](const MethodRow& each) {
          return each.word == token->text && each.since <= version_.major;
        });
    if (row == std::end(methods))
      return refuse(fmt::format("invalid authentication method \"{}\"", token->text));
    if (row->method == Method::md5 && traits_.db_user_namespace && version_.major < 17)
      return refuse("MD5 authentication is not supported when \"db_user_namespace\" is enabled");
    if (!row->built)
      return refuse(fmt::format("invalid authentication method \"{}\": not supported by this build",
                                token->text));
    rule_.method = row->method;
    return method_fits();
  }

  bool method_fits() {
    const bool local = rule_.type == ConnectionType::local;
    if (local && rule_.method == Method::ident) rule_.method = Method::peer;
    if (local && rule_.method == Method::gss)
      return refuse("gssapi authentication is not supported on local sockets");
    if (!local && rule_.method == Method::peer)
      return refuse("peer authentication is only supported on local sockets");
    if (rule_.method == Method::cert && rule_.type != ConnectionType::hostssl)
      return refuse("cert authentication is only supported on hostssl connections");
    return true;
  }

  bool accept(const Refusal& verdict) {
    if (parsed_.doubt.empty()) parsed_.doubt = verdict.doubt;
    return !verdict.refused || refuse(verdict.error);
  }

  bool read_options() {
    const bool hostssl = rule_.type == ConnectionType::hostssl;
    for (; at_ < fields_.size(); ++at_)
      for (const Token& token : fields_[at_])
        if (!accept(take_option(token.text, rule_.method, hostssl, version_, rule_.options)))
          return false;
    return accept(finish_options(rule_.method, version_, rule_.options));
  }

  std::vector<Field>& fields_;
  const Version& version_;
  const ServerTraits& traits_;
  std::size_t at_ = 0;
  Rule rule_;
  ParsedRule parsed_;
};

}  // namespace

const char* to_string(ConnectionType type) {
  return types[static_cast<std::size_t>(type)].word.data();
}

const char* to_string(Method method) {
  return methods[static_cast<std::size_t>(method)].word.data();
}

ParsedRule parse_rule(std::vector<Field>& fields, const Version& version,
                      const ServerTraits& traits) {
  return RuleReader(fields, version, traits).read();
}

}  // namespace hba
