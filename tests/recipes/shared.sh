#!/usr/bin/env bash
# The whole list in several processes that share a journal: each takes the jobs that no other has.
#   AEFORGE_JOURNAL=postgresql://user@host/database shared.sh MANIFEST OUT/ [PROCESSES]
# On one machine AEFORGE_JOURNAL is not needed: the processes share the journal in the state folder.
# On several machines run the one aeforge line on each of them, with the same AEFORGE_JOURNAL and the same list.
set -euo pipefail

manifest=$1 out=$2 processes=${3:-4}

seq "$processes" | xargs -P "$processes" -I {} \
    aeforge inpaint --manifest "$manifest" -o "$out" --yes --resume --share
