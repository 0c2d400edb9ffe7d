#!/usr/bin/env bash
# One list on the cores of one machine, or on several machines, with GNU parallel: each process does one part.
#   parallel.sh MANIFEST OUT/ [PARTS] [options of parallel, such as --sshlogin a,b --workdir .]
# Without a shared journal keep the number of parts until the list is done: the parts are cut by position.
# For a journal that all processes share, add -N0 to parallel, and replace --shard ... by --share.
set -euo pipefail

manifest=$1 out=$2 parts=${3:-4}
shift "$(($# < 3 ? $# : 3))"

seq "$parts" | parallel --halt never --jobs "$parts" "$@" \
    aeforge inpaint --manifest "$manifest" -o "$out" --yes --resume --shard "{}/$parts"
