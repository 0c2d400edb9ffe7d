#!/usr/bin/env bash
# Calls aeforge inpaint with the inputs of the action. Lines become words as they are: nothing is evaluated.
set -euo pipefail

options=(--prompt "$PROMPT" --output "$OUTPUT" --yes --github-output)
if [[ -n $QUALITY ]]; then options+=(--quality "$QUALITY"); fi
if [[ $SANDBOX == true ]]; then options+=(--sandbox); fi
if [[ -z $AEFORGE_API_KEY ]]; then unset AEFORGE_API_KEY; fi

while IFS= read -r line; do
    if [[ -n $line ]]; then options+=("$line"); fi
done <<<"$ARGUMENTS"

case $JOURNAL in
"") ;;
cache)
    # The folder that the steps before and after this one restore and save.
    export AEFORGE_STATE_DIR="$RUNNER_TEMP/aeforge-state"
    if ! grep -qxE -e '--(resume|update|new|skip-existing)' <<<"$ARGUMENTS"; then options+=(--resume); fi
    ;;
*)
    echo "::error::journal must be cache, or nothing; for a shared journal set AEFORGE_JOURNAL" >&2
    exit 2
    ;;
esac

pictures=()
while IFS= read -r line; do
    if [[ -z $line ]]; then continue; fi
    found=0
    # compgen -G expands patterns, and nothing else; a line that matches no file is a path or an address as it is.
    while IFS= read -r path; do
        pictures+=("$path")
        found=1
    done < <(compgen -G "$line" | sort)
    if ((found == 0)); then pictures+=("$line"); fi
done <<<"$IMAGES"

exec aeforge inpaint "${options[@]}" -- "${pictures[@]}"
