// SPDX-License-Identifier: PostgreSQL
// Proofs and their witnesses on a real server: a witness gets past the rules without TLS, and where
// none is found, no plaintext connection does. PGSEAL_HBA_FILES=N tries N files, PGSEAL_HBA_SEED=N
// begins elsewhere, PGSEAL_HBA_ATTEMPTS=N makes N attempts under each proven file.
#include <doctest/doctest.h>
#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include "admission/prove.h"
#include "server/tried_rules.h"

namespace {

using admission::Connection;
using admission::Transport;
using tried_rules::Outcome;

/// Of everything that can be tried here: 127.0.0.1, and the roles and databases of the pools.
admission::Question question_of_this_machine() {
  admission::Question question;
  question.roles = tried_rules::roles;
  question.databases = tried_rules::names;
  const auto address = hba::read_address("127.0.0.1").address;
  const auto mask = hba::mask_of_length("32", hba::Family::ipv4);
  question.networks =
      admission::addresses_of({hba::AddressSpec::Kind::network, address, *mask, ""});
  return question;
}

struct Tally {
  int witnesses = 0;
  int proven = 0;
  int refused = 0;  ///< plaintext attempts under proven files
  int wrong = 0;
};

void complain(std::uint64_t seed, const std::string& text, const Connection& tried,
              const std::string& said, Tally& tally) {
  ++tally.wrong;
  std::fputs(fmt::format("PGSEAL_HBA_SEED={} PGSEAL_HBA_FILES=1\n{}{}\nthe server: {}\n", seed,
                         text, to_string(tried), said)
                 .c_str(),
             stdout);
}

void try_one(const scratch::Server& server, std::uint64_t seed, std::uint64_t attempts,
             Tally& tally) {
  tried_rules::InForce tried(server, seed);
  const admission::Proof proof = admission::prove(
      {tried.rules, tried.idents, tried.roles, tried.version, {}}, question_of_this_machine());
  const bool sure = proof.witness && proof.unknown.empty();
  if (sure && proof.witness->transport == Transport::plain) {
    ++tally.witnesses;
    const std::string said = tried_rules::answer(server, *proof.witness);
    if (tried_rules::outcome_of(said) != Outcome::accept)
      complain(seed, tried.text, *proof.witness, said, tally);
  }
  if (!proof.proven) return;
  ++tally.proven;
  for (std::uint64_t i = 0; i < attempts; ++i) {
    Connection asked = tried.writer.connection(Transport::plain);
    asked.physical_replication = false;
    const std::string said = tried_rules::answer(server, asked);
    ++tally.refused;
    if (tried_rules::outcome_of(said) == Outcome::accept)
      complain(seed, tried.text, asked, said, tally);
  }
}

}  // namespace

TEST_CASE("witnesses get in, and where there is a proof no plaintext does") {
  scratch::Server* server = tried_rules::server_for_rules();
  if (server == nullptr) return;
  const bool full = ::getenv("PGSEAL_FULL") != nullptr;
  const std::uint64_t first = scratch::setting("PGSEAL_HBA_SEED", 1);
  const std::uint64_t files = scratch::setting("PGSEAL_HBA_FILES", full ? 200 : 40);
  const std::uint64_t attempts = scratch::setting("PGSEAL_HBA_ATTEMPTS", full ? 20 : 10);
  Tally tally;
  for (std::uint64_t seed = first; seed < first + files && tally.wrong < 10; ++seed)
    try_one(*server, seed, attempts, tally);
  std::fputs(fmt::format("{} witnesses, {} proven files, {} plaintext attempts under them, "
                         "{} disagreements\n",
                         tally.witnesses, tally.proven, tally.refused, tally.wrong)
                 .c_str(),
             stdout);
  CHECK(tally.wrong == 0);
  if (files < 40) return;
  CHECK(tally.witnesses > 5);
  CHECK(tally.proven > 5);
}
