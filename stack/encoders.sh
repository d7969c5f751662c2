#!/usr/bin/env bash
# Tests the learned encoders on tiny random models: `make test-encoders`. What they need is not in the lock,
# as it is gigabytes that nothing else runs; it goes into an environment of its own, beside .venv, once.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

HOME_OF_ITS_OWN=.run/encoders
LOG=.run/encoders.log
PACKAGES=("torch>=2.9" "transformers>=5.0")

main() {
    [ -x .venv/bin/python ] || die "there is no .venv; run make setup first."
    mkdir -p .run
    [ -e "$HOME_OF_ITS_OWN/made" ] || make_environment
    TQDM_DISABLE=1 "$HOME_OF_ITS_OWN/bin/python" -m pytest -p no:cacheprovider -n 0 -q -s --no-header \
        tests/ingestion_api/encoder/test_neural.py tests/ingestion_api/encoder/test_device.py "$@"
}

make_environment() {
    printf 'encoders: installing %s (gigabytes, a few minutes; %s tells how far it is)\n' "${PACKAGES[*]}" "$LOG"
    .venv/bin/python -m venv --clear "$HOME_OF_ITS_OWN"
    # what .venv has is seen from there and not installed again; nothing is ever written into it
    .venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
        >"$("$HOME_OF_ITS_OWN/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
    "$HOME_OF_ITS_OWN/bin/python" -m pip install "${PACKAGES[@]}" >"$LOG" 2>&1 ||
        die "they could not be installed; the last lines of $LOG say why: $(tail -n 3 "$LOG")"
    touch "$HOME_OF_ITS_OWN/made"
}

die() {
    printf 'encoders: %s\n' "$*" >&2
    exit 1
}

main "$@"
