// SPDX-License-Identifier: PostgreSQL
// scrypt walks through 16 MiB in no order, so that in pages of 4 KiB nearly half of its time is
// page faults and TLB misses.
#pragma once

namespace x509 {

/// From now on OpenSSL's blocks of 4 MiB and more, of which scrypt's is the only one, lie in huge
/// pages where the kernel has some (madvise(2), MADV_HUGEPAGE). To be called before anything else
/// of OpenSSL; later it changes nothing (CRYPTO_set_mem_functions(3)).
void use_huge_pages();

}  // namespace x509
