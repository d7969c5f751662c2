#!/usr/bin/env bash
# Writes requirements.txt from pyproject.toml: every package with its version and hashes, no addresses.
# The extras with learned models are left out, since they take gigabytes.
# `make lock` keeps versions that still fit; `make lock UPGRADE=--upgrade` takes the newest ones.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

command -v uv >/dev/null || {
    printf "lock: uv is not installed; install it (pip install uv), then try again.\n" >&2
    exit 1
}

# the build requirements of the project itself, so that nothing is installed without a hash
printf '%s\n' hatchling editables |
    uv pip compile pyproject.toml - --quiet --extra stack --extra dev --universal --python-version 3.11 --generate-hashes \
        --custom-compile-command "make lock" --output-file requirements.txt "$@"
