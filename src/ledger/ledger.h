// SPDX-License-Identifier: PostgreSQL
// The ledger: what the controller must not forget, in one SQLite file `ledger.sqlite` of the state
// folder (WAL, synchronous=FULL, so a commit that returned survives a power cut). Durable first,
// visible second: what will be signed is written before the signature, what was signed before it is
// sent. It is made only by `create`: a path with a typo makes no new one. One writer at a time.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "base/time.h"
#include "ledger/rows.h"

namespace ledger {

enum class Access { read, write };

/// Who holds the ledger for writing, as the next one is told.
struct Holder {
  int pid = 0;
  std::string host;
  std::string user;
  std::string command;  ///< "apply"
};

/// "pid 123 on admin1 by root since 2027-03-31 12:00:00Z: apply"
std::string to_string(const Holder& holder, base::Time since);

/// Whether `folder` holds a ledger (of whatever kind). What tells a first apply from the others.
/// Error Code::ledger_open where that cannot be seen: what may not be looked at is not absent.
base::Result<bool> exists(const std::string& folder);

/// Error Code::authority_clock where a clock that says `at` is before the ledger's newest entry.
base::Result<void> check_date(base::Time newest, base::Time at);

/// Methods are safe from several threads: one at a time goes in. Every writing one is one durable
/// transaction, or part of the transaction around it; in a ledger opened for reading it is an error
/// Code::ledger_read_only. Any method: Code::ledger_corrupt where the file proves damaged,
/// Code::ledger_read_only where the disk refuses, Code::ledger_full where it has no room, else
/// Code::ledger_open with SQLite's word.
class Ledger {
 public:
  /// Makes folder (0700; its parent must exist), lock and ledger (0600), and opens it for writing.
  /// Errors: Code::ledger_open where a ledger is there already or the folder cannot be made,
  /// Code::locked. A crash in the middle leaves no ledger.
  static base::Result<Ledger> create(const std::string& folder, const std::string& environment,
                                     const Holder& holder, base::Time at);

  /// Errors: ledger_missing, ledger_newer, ledger_corrupt, ledger_foreign (the ledger's environment
  /// is not `environment`), ledger_read_only, ledger_open; for writing Code::locked, the holder's
  /// text as its detail. Reading takes no lock, works beside a writer, and in a folder that cannot
  /// be written.
  static base::Result<Ledger> open(const std::string& folder, const std::string& environment,
                                   Access access, const Holder& holder, base::Time at);

  Ledger(Ledger&&) noexcept;
  Ledger& operator=(Ledger&&) noexcept;
  ~Ledger();

  // ---- who it is -------------------------------------------------------------------------------
  [[nodiscard]] const std::string& environment() const;
  [[nodiscard]] const std::string& environment_id() const;  ///< 32 hexadecimal digits
  [[nodiscard]] const std::string& ledger_id() const;       ///< 32 hexadecimal digits
  [[nodiscard]] Access access() const;
  /// How often hosts were worked on from it. A host that has seen a higher one saw a newer ledger.
  [[nodiscard]] std::int64_t generation() const;
  /// Whether this run has its own generation already.
  [[nodiscard]] bool raised() const;
  /// Begins a new generation, durably, higher than `beyond` as well. Only for a run that is about
  /// to change hosts: an old copy that was only opened must never reach what the hosts have seen.
  base::Result<void> raise_generation(std::int64_t beyond);
  /// The latest `at` that any entry was made with. Nothing is signed by a clock that is before it.
  [[nodiscard]] base::Result<base::Time> last_entry_at() const;

  /// Everything `body` writes, or nothing of it where it gives an error or throws. May be nested:
  /// the outermost counts. Other threads wait meanwhile.
  base::Result<void> transaction(const std::function<base::Result<void>()>& body);
  /// The same for a deed that asks no host, by a clock `at` that nobody vouches for: what it writes
  /// does not count for `last_entry_at`, so a clock that is ahead keeps nothing from being signed
  /// afterwards. One that is behind is seen: error authority_clock, and nothing is written.
  base::Result<void> unvouched(base::Time at, const std::function<base::Result<void>()>& body);

  // ---- authorities -----------------------------------------------------------------------------
  /// Error Code::ledger_open where kind and generation are there already.
  base::Result<void> add_authority(const Authority& authority);
  base::Result<void> set_authority_state(x509::AuthorityKind kind, int generation,
                                         AuthorityState state, base::Time at);
  /// By kind, then by generation.
  [[nodiscard]] base::Result<std::vector<Authority>> authorities() const;
  /// The newest active generation of `kind`; null: none yet.
  [[nodiscard]] base::Result<std::optional<Authority>> active_authority(
      x509::AuthorityKind kind) const;

  // ---- serial numbers and certificates ---------------------------------------------------------
  /// Error Code::ledger_open where the serial is there already, or the authority is not.
  base::Result<void> will_sign(const SerialIntent& intent, base::Time at);
  /// Error Code::ledger_open where `serial` was never intended, or has another certificate.
  base::Result<void> issued(const std::string& serial, const std::string& certificate_pem,
                            base::Time at);
  [[nodiscard]] base::Result<bool> is_known(const std::string& serial) const;
  [[nodiscard]] base::Result<std::optional<SerialRecord>> find_serial(
      const std::string& serial) const;
  /// The newest issued of each slot, by host and slot; mere intents do not count.
  base::Result<void> newest_issued(const std::function<void(SlotSerial)>& on_each) const;
  /// All, intents too, in the order in which they were intended.
  [[nodiscard]] base::Result<std::vector<SerialRecord>> serials() const;

  // ---- acts ------------------------------------------------------------------------------------
  base::Result<void> record_act(const ActOutcome& outcome);
  /// By operation, in the order of their last outcome.
  [[nodiscard]] base::Result<std::vector<ActOutcome>> acts(const std::string& operation) const;

  /// What is planned for a host and waits for others, in words: instead of what was noted of it.
  base::Result<void> set_waiting(const std::string& host, const std::vector<std::string>& steps,
                                 base::Time at);
  /// By host, in the order given.
  [[nodiscard]] base::Result<std::map<std::string, std::vector<std::string>>> waiting() const;

  // ---- debts -----------------------------------------------------------------------------------
  /// A host that owes already keeps its `since`; the rest is replaced.
  base::Result<void> add_debt(const Debt& debt);
  /// Whether there was one.
  base::Result<bool> pay_debt(const std::string& host, base::Time at);
  base::Result<bool> forgive_debt(const std::string& host, const std::string& reason,
                                  base::Time at);
  /// Forgets what the host was and what it is owed. Its certificates stay: they may be revoked.
  base::Result<void> remove_host(const std::string& host, const std::string& reason, base::Time at);
  /// What is still owed, the oldest first.
  [[nodiscard]] base::Result<std::vector<Debt>> debts() const;

  // ---- pins, phase, observations ---------------------------------------------------------------
  /// Sets or replaces; the caller compares first and says when a pin may change.
  base::Result<void> set_pin(const Pin& pin);
  base::Result<bool> remove_pin(const std::string& host, base::Time at);
  [[nodiscard]] base::Result<std::optional<Pin>> find_pin(const std::string& host) const;
  [[nodiscard]] base::Result<std::vector<Pin>> pins() const;

  /// The phase that an operation is in; setting the same again keeps its `since`.
  base::Result<void> set_phase(const Phase& phase);
  base::Result<void> clear_phase(base::Time at);
  [[nodiscard]] base::Result<std::optional<Phase>> phase() const;

  base::Result<void> record_observation(const Observation& observation);
  /// By host name.
  base::Result<void> observations(const std::function<void(Observation)>& on_each) const;

  // ---- audit log -------------------------------------------------------------------------------
  /// Gives the row's number.
  base::Result<std::int64_t> append_audit(const AuditEntry& entry, base::Time at);
  /// The newest `limit` rows, the oldest of them first; 0: all.
  [[nodiscard]] base::Result<std::vector<AuditRow>> audit_log(std::int64_t limit) const;
  /// Checks every page, recomputes the chain; null: it holds. Cutting off its end shows too, unless
  /// whoever did it also rewrote the ledger's note of the last row: the chain is evidence against
  /// accidents and clumsy hands, and against others only together with a hash that was noted
  /// elsewhere.
  [[nodiscard]] base::Result<std::optional<AuditBreak>> verify_audit() const;

 private:
  struct State;
  explicit Ledger(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace ledger
