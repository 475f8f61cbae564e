#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""What src/hba and src/admission say of generated files, against real servers of the other versions: the
view pg_hba_file_rules row for row, and connections (tests/server/hba_view_test.cpp, hba_connection_test.cpp).
PGSEAL_HBA_FILES=N tries N files of each kind and version."""

import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
TEST_SERVER = ROOT / "build" / os.environ.get("PGSEAL_BUILD", "release") / "test_server"
VERSIONS = (10, 11, 12, 13, 14, 16, 17, 18)
FETCH = """set -eu; die() { echo "$*" >&2; exit 1; }; VARIANT=debian; PG=$1; . tests/lab/lib/postgres.sh
postgres_paths; [ "$PG_LAYOUT" = rhel ] || { echo "${PG_BIN%/bin}"; exit; }
[ -x "$PG_OPT/bin/postgres" ] || fetch_other_version; echo "$PG_OPT" """


def folder_of(version):
    """Where that version lies: Debian's, or the one that the lab keeps."""
    found = subprocess.run(["bash", "-c", FETCH, "fetch", str(version)], cwd=ROOT, text=True, timeout=300,
                           stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if found.returncode != 0:
        if "npm, which could fetch it, is missing" in found.stderr:
            raise unittest.SkipTest(found.stderr.strip())
        raise AssertionError(found.stderr)
    return found.stdout.strip()


@unittest.skipUnless(os.geteuid() == 0, "needs root: the server runs as another user")
@unittest.skipUnless(TEST_SERVER.exists(), "needs a build")
class Versions(unittest.TestCase):
    def tallies(self, version, cases, files):
        """Runs them on a copy that the server's user can read; the numbers of the line with the tally."""
        with tempfile.TemporaryDirectory(prefix="pgseal-versions.") as folder:
            os.chmod(folder, 0o755)
            place = pathlib.Path(folder) / "postgresql"
            shutil.copytree(folder_of(version), place, symlinks=True)
            environment = {**os.environ, "PGSEAL_POSTGRES_BIN": str(place / "bin"),
                           "PGSEAL_HBA_FILES": os.environ.get("PGSEAL_HBA_FILES", str(files))}
            done = subprocess.run([TEST_SERVER, f"--source-file=*{cases}"], env=environment, text=True, timeout=900,
                                  stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        self.assertEqual(done.returncode, 0, done.stdout[-4000:])
        line = re.search(r"^(\d+) .*\b0 disagreements$", done.stdout, re.MULTILINE)
        self.assertIsNotNone(line, done.stdout[-4000:])
        print(f"{version}: {line[0]}", flush=True)
        return int(line[1])

    def test_the_view_shows_what_we_show(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assertGreaterEqual(self.tallies(version, "hba_view_test.cpp", 600), 2)

    def test_connections_end_as_foretold(self):
        for version in VERSIONS:
            with self.subTest(version=version):
                self.assertGreaterEqual(self.tallies(version, "hba_connection_test.cpp", 40), 1)


if __name__ == "__main__":
    unittest.main(verbosity=2)
