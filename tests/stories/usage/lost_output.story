A result that did not reach its reader is not counted as given.

$ pgseal --version >/dev/full
! pgseal: error: could not write to standard output
! DETAIL:  No space left on device.
! HINT:    Look for a missing folder, a mode that forbids it, a full disk or a read-only mount.
! CODE:    101 (file.io)
[status 1]

$ pgseal --version >&-
! pgseal: error: could not write to standard output
! DETAIL:  Bad file descriptor.
! HINT:    Look for a missing folder, a mode that forbids it, a full disk or a read-only mount.
! CODE:    101 (file.io)
[status 1]

