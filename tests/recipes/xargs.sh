#!/usr/bin/env bash
# One list on one machine with xargs, which is everywhere: each process does one part.
#   xargs.sh MANIFEST OUT/ [PARTS]
# xargs exits 123 if a part failed; the same line again does what is missing, and pays nothing twice.
set -euo pipefail

manifest=$1 out=$2 parts=${3:-4}

seq "$parts" | xargs -P "$parts" -I {} \
    aeforge inpaint --manifest "$manifest" -o "$out" --yes --resume --shard "{}/$parts"
