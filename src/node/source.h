// SPDX-License-Identifier: PostgreSQL
// An application's own settings file, read as the application's OS user: a path of the
// configuration leads no further than that user could go.
#pragma once

#include "fleet/act.h"
#include "fleet/facts.h"

namespace node {

/// Never fails: what went wrong is `problem` of the facts. Only what decides about TLS is in them.
fleet::SourceFacts read_source(const fleet::SourceOrder& order);

}  // namespace node
