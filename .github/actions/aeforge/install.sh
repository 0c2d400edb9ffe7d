#!/usr/bin/env bash
# Installs aeforge: the version asked for, or the one that this action is a part of.
set -euo pipefail

source=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
extra=
if [[ $SANDBOX == true ]]; then extra=sandbox; fi
if [[ -n ${AEFORGE_JOURNAL:-} ]]; then extra+=${extra:+,}postgres; fi
extra=${extra:+[$extra]}

if [[ -n $VERSION ]]; then
    pipx install --force "aeforge${extra}==${VERSION}"
else
    pipx install --force "${source}${extra}"
fi
