#!/usr/bin/env python3
# SPDX-License-Identifier: PostgreSQL
"""Keys, requests and certificates in a second of one core, P-256: pgseal's own parts, with lint, ledger and
audit log, against what people use for it, each in its own way. More is better.

What they leave lies in memory, for all of them: a disk's file system would be measured instead. The ledger
lies on the disk."""

import contextlib
import os
import pathlib
import resource
import shutil
import subprocess
import sys
import tempfile
import time

import figures

MEMORY = "/dev/shm"
TURNS = 5
OURS = 500  # pairs of one turn of ours

OPENSSL = r"""
set -e
printf 'subjectAltName=DNS:db1,DNS:db.shop.internal,IP:192.0.2.11\nbasicConstraints=critical,CA:FALSE\n' >extensions
printf 'keyUsage=critical,digitalSignature\nextendedKeyUsage=serverAuth\n' >>extensions
for ((i = 0; i < $1; i++)); do
  openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out "$i.key"
  openssl req -new -key "$i.key" -subj /O=shop/CN=db1 -out "$i.csr"
  serial=$(openssl rand -hex 16)
  openssl x509 -req -in "$i.csr" -CA ca.crt -CAkey ca.key -set_serial "0x$serial" -days 90 -extfile extensions \
    -out "$i.crt"
done
"""
OPENSSL_AUTHORITY = r"""
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.crt -subj /CN=ca -days 900
"""
EASY_RSA = r"""
set -e
for ((i = 0; i < $1; i++)); do
  /usr/share/easy-rsa/easyrsa --subject-alt-name=DNS:db1,IP:192.0.2.11 build-server-full "db$2-$i" nopass
done
"""
EASY_RSA_AUTHORITY = "/usr/share/easy-rsa/easyrsa init-pki && /usr/share/easy-rsa/easyrsa build-ca nopass"
EASY_RSA_SETTINGS = {"EASYRSA_ALGO": "ec", "EASYRSA_CURVE": "prime256v1", "EASYRSA_BATCH": "1"}
CFSSL = r"""
set -e
for ((i = 0; i < $1; i++)); do
  cfssl gencert -ca ca.pem -ca-key ca-key.pem -config ca.json -profile server -hostname db1,192.0.2.11 \
    request.json | cfssljson -bare "$i"
done
"""
CFSSL_AUTHORITY = r"""
printf '{"CN":"db1","key":{"algo":"ecdsa","size":256}}' >request.json
printf '{"signing":{"profiles":{"server":{"expiry":"2160h","usages":["digital signature","server auth"]}}}}' >ca.json
cfssl gencert -initca request.json | cfssljson -bare ca
"""
# name, what it needs, its authority, its loop, pairs of one turn, settings, what a turn leaves
TOOLS = [("openssl", ["openssl"], OPENSSL_AUTHORITY, OPENSSL, 20, {}, "*.crt"),
         ("easy-rsa", ["/usr/share/easy-rsa/easyrsa", "openssl"], EASY_RSA_AUTHORITY, EASY_RSA, 8, EASY_RSA_SETTINGS,
          "pki/issued/*.crt"),
         ("cfssl", ["cfssl", "cfssljson"], CFSSL_AUTHORITY, CFSSL, 40, {}, "[0-9]*.pem")]


def run(script, *arguments, settings, folder):
    """What it took, CPU (with its children's) and wall; its words only where it fails."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    ended = subprocess.run(["bash", "-c", script, "bench", *map(str, arguments)], cwd=folder, text=True, check=False,
                           env={**os.environ, **settings}, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                           stderr=subprocess.STDOUT)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    if ended.returncode != 0:
        raise SystemExit(f"bench: {script.strip()}: exit {ended.returncode}\n{ended.stdout[-2000:]}")
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime, wall


def ours():
    with tempfile.TemporaryDirectory(dir=figures.BUILD, prefix="bench.") as folder, \
            tempfile.TemporaryDirectory(dir=MEMORY, prefix="bench.") as out:
        said = subprocess.run([figures.BUILD / "bench_issuance", folder, "pairs", str(OURS), out], check=True, text=True,
                              stdout=subprocess.PIPE).stdout
        made = len(list(pathlib.Path(out).glob("*.crt")))
    if made != OURS:
        raise SystemExit(f"bench: {made} certificates lie there, not {OURS}")
    return [OURS / float(seconds) for seconds in said.split()]


def compare(name, authority, loop, pairs, settings, left):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(dir=MEMORY, prefix="bench."))
        run(authority, settings=settings, folder=folder)
        authorities = len(list(pathlib.Path(folder).glob(left)))
        theirs, mine = [], []
        for turn in range(TURNS + 1):  # the first fills caches
            theirs.append([pairs / seconds for seconds in run(loop, pairs, turn, settings=settings, folder=folder)])
            mine.append(ours())
        if len(list(pathlib.Path(folder).glob(left))) <= authorities:
            raise SystemExit(f"bench: {name} left no certificate")
    for index, part in enumerate(["cpu", "wall"]):
        figures.show(f"pairs.{name}.{part}", "pairs/s", [turn[index] for turn in mine[1:]],
                     [turn[index] for turn in theirs[1:]])


def main():
    subprocess.run(["cmake", "--build", figures.BUILD, "--target", "bench_issuance"], check=True,
                   stdout=subprocess.DEVNULL)
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})  # all that is started inherits it
    for name, needed, authority, loop, pairs, settings, left in TOOLS:
        missing = [tool for tool in needed if not shutil.which(tool)]
        if missing:
            print(f"pairs.{name} skipped: {', '.join(missing)} is not installed", flush=True)
            continue
        compare(name, authority, loop, pairs, settings, left)
    return 0


if __name__ == "__main__":
    sys.exit(main())
