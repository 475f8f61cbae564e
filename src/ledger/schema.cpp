// SPDX-License-Identifier: PostgreSQL
#include "ledger/schema.h"

namespace ledger {

// Times are seconds since 1970-01-01 UTC. Lists are lines, each ended by a newline, with \\ and \n
// spelled out. STRICT: a column never holds another type than its own.
const char* const schema = R"sql(
-- Who this ledger is. `generation` tells hosts an older copy from a newer one; `last_entry_at`
-- keeps a clock that went back from signing; the end of the audit log is noted here, so that rows
-- cut off behind it are missed.
CREATE TABLE meta (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  environment TEXT NOT NULL,
  environment_id TEXT NOT NULL,
  ledger_id TEXT NOT NULL,
  generation INTEGER NOT NULL,
  last_entry_at INTEGER NOT NULL,
  audit_seq INTEGER NOT NULL,
  audit_hash TEXT NOT NULL
) STRICT;

-- What hosts are told to trust, and what they once were. Keys are files of their own, encrypted.
CREATE TABLE authority (
  kind TEXT NOT NULL CHECK (kind IN ('server', 'client')),
  generation INTEGER NOT NULL CHECK (generation > 0),
  certificate TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('active', 'retired')),
  made_at INTEGER NOT NULL,
  PRIMARY KEY (kind, generation)
) STRICT, WITHOUT ROWID;

-- Every serial number that was ever meant to be signed, before it was. What has no certificate may
-- or may not exist: both can be revoked.
CREATE TABLE serial (
  number INTEGER PRIMARY KEY,
  serial TEXT NOT NULL UNIQUE,
  authority TEXT NOT NULL,
  authority_generation INTEGER NOT NULL,
  host TEXT NOT NULL,
  slot TEXT NOT NULL,
  profile TEXT NOT NULL,
  names TEXT NOT NULL,
  not_after INTEGER NOT NULL,
  spki_sha256 TEXT NOT NULL,
  intended_at INTEGER NOT NULL,
  certificate TEXT,
  issued_at INTEGER,
  CHECK ((certificate IS NULL) = (issued_at IS NULL)),
  FOREIGN KEY (authority, authority_generation) REFERENCES authority (kind, generation)
) STRICT;
-- All that is asked of the newest of each slot: the certificates beside it are many times as large.
CREATE INDEX serial_by_slot ON serial (host, slot, issued_at, serial, intended_at, not_after)
  WHERE issued_at IS NOT NULL;

-- The last outcome of each act: what a person is shown, and what was under way when it all stopped.
CREATE TABLE act (
  number INTEGER PRIMARY KEY,
  operation TEXT NOT NULL,
  phase TEXT NOT NULL,
  host TEXT NOT NULL,
  slot TEXT NOT NULL,
  act TEXT NOT NULL,
  state TEXT NOT NULL CHECK (state IN ('started', 'finished', 'failed')),
  text TEXT NOT NULL,
  at INTEGER NOT NULL,
  UNIQUE (operation, phase, host, slot, act)
) STRICT;

-- What hosts that did not answer are owed. Rows stay when they were paid or forgiven.
CREATE TABLE debt (
  number INTEGER PRIMARY KEY,
  host TEXT NOT NULL,
  since INTEGER NOT NULL,
  operation TEXT NOT NULL,
  steps TEXT NOT NULL,
  reason TEXT NOT NULL,
  ending TEXT CHECK (ending IN ('paid', 'forgiven')),
  ended_at INTEGER,
  ending_reason TEXT,
  CHECK ((ending IS NULL) = (ended_at IS NULL))
) STRICT;
CREATE UNIQUE INDEX debt_open ON debt (host) WHERE ending IS NULL;

-- What a name led to at first, so that it is noticed when it leads elsewhere.
CREATE TABLE pin (
  host TEXT PRIMARY KEY,
  system_identifier TEXT NOT NULL,
  machine_id TEXT NOT NULL,
  at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- Where an operation of several commands stands: at most one at a time.
CREATE TABLE phase (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  operation TEXT NOT NULL,
  phase TEXT NOT NULL,
  since INTEGER NOT NULL
) STRICT;

-- For a status of hosts that cannot be reached now.
CREATE TABLE observation (
  host TEXT PRIMARY KEY,
  at INTEGER NOT NULL,
  reachable INTEGER NOT NULL,
  role TEXT NOT NULL,
  version TEXT NOT NULL,
  tls TEXT NOT NULL,
  served_serial TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- Who did what. Each row's hash covers the one before.
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY,
  at INTEGER NOT NULL,
  who TEXT NOT NULL,
  what TEXT NOT NULL,
  host TEXT NOT NULL,
  slot TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  prev TEXT NOT NULL,
  hash TEXT NOT NULL
) STRICT;
-- Against slips of the hand in a SQL shell; whoever means it can drop them, and the chain tells.
CREATE TRIGGER audit_stays BEFORE UPDATE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is only appended to'); END;
CREATE TRIGGER audit_remains BEFORE DELETE ON audit
BEGIN SELECT raise(ABORT, 'the audit log is only appended to'); END;
)sql";

}  // namespace ledger
