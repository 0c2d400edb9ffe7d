#!/usr/bin/env bash
# Names this journal in the cache of Actions, for the steps that restore and save it.
set -euo pipefail

digest() {
    if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi
}

# A digest, because names may hold what a key may not, and the journal of "a" must not be taken for that of "a-b".
name=$(printf '%s\0' "$GITHUB_WORKFLOW" "$GITHUB_JOB" "$JOURNAL_KEY" | digest)
prefix=aeforge-journal-${name:0:32}-
is_here=false
if [[ -d $RUNNER_TEMP/aeforge-state ]]; then is_here=true; fi

# The key is new in each step, because a cache is never changed; the prefix finds the newest one. What an earlier step
# of the same job has left on the disk is newer than that.
{
    echo "prefix=$prefix"
    echo "key=$prefix$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT-$RANDOM$RANDOM"
    echo "is_here=$is_here"
} >>"$GITHUB_OUTPUT"
