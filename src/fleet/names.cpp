// SPDX-License-Identifier: PostgreSQL
// The words by which fleet's enumerators are printed, logged and sent.
#include "fleet/act.h"
#include "fleet/environment.h"
#include "fleet/facts.h"

namespace fleet {

const char* to_string(Requirement requirement) {
  return requirement == Requirement::tls ? "tls" : "certificate";
}

const char* to_string(IdentityKind kind) {
  switch (kind) {
    case IdentityKind::admin:
      return "admin";
    case IdentityKind::application:
      return "application";
    case IdentityKind::replication:
      return "replication";
    case IdentityKind::named:
      return "named";
  }
  return "application";
}

const char* to_string(KeyState state) {
  switch (state) {
    case KeyState::absent:
      return "absent";
    case KeyState::good:
      return "good";
    case KeyState::mismatched:
      return "not the key of its certificate";
    case KeyState::wrong_mode:
      return "wrong mode";
    case KeyState::wrong_owner:
      return "wrong owner";
    case KeyState::unreadable:
      return "not readable as a private key";
  }
  return "absent";
}

const char* to_string(ActKind kind) {
  switch (kind) {
    case ActKind::mark_host:
      return "mark host";
    case ActKind::make_key:
      return "make key";
    case ActKind::install_certificate:
      return "install certificate";
    case ActKind::install_trust:
      return "install trust";
    case ActKind::write_server_settings:
      return "write server settings";
    case ActKind::reload:
      return "reload";
    case ActKind::archive_slot:
      return "archive slot";
    case ActKind::write_replication_settings:
      return "write replication settings";
    case ActKind::reconnect_walreceiver:
      return "reconnect walreceiver";
  }
  return "reload";
}

std::string subject(const Act& act) {
  return act.kind == ActKind::mark_host ? "host" : to_string(act.slot);
}

const char* to_string(ConnectLevel level) {
  switch (level) {
    case ConnectLevel::none:
      return "none";
    case ConnectLevel::handshake:
      return "handshake";
    case ConnectLevel::certificate_accepted:
      return "certificate accepted";
    case ConnectLevel::rule_reached:
      return "rule reached";
    case ConnectLevel::logged_in:
      return "logged in";
  }
  return "none";
}

}  // namespace fleet
