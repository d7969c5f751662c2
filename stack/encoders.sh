#!/usr/bin/env bash
# Tests the learned encoders on tiny random models: `make test-encoders`. Their packages are not in the lock,
# since they take gigabytes; they are installed once, into a separate environment beside .venv.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

ENVIRONMENT=.run/encoders
LOG=.run/encoders.log
PACKAGES=("torch>=2.9" "transformers>=5.0")

main() {
    [ -x .venv/bin/python ] || die "there is no .venv; run make setup first."
    mkdir -p .run
    [ -e "$ENVIRONMENT/made" ] || make_environment
    TQDM_DISABLE=1 "$ENVIRONMENT/bin/python" -m pytest -p no:cacheprovider -n 0 -q -s --no-header \
        tests/ingestion_api/encoder/test_neural.py tests/ingestion_api/encoder/test_device.py "$@"
}

make_environment() {
    printf 'encoders: installing %s (gigabytes, a few minutes; %s tells how far it is)\n' "${PACKAGES[*]}" "$LOG"
    .venv/bin/python -m venv --clear "$ENVIRONMENT"
    # the packages of .venv are visible there; nothing is written into .venv
    .venv/bin/python -c 'import sysconfig; print(sysconfig.get_path("purelib"))' \
        >"$("$ENVIRONMENT/bin/python" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/project.pth"
    "$ENVIRONMENT/bin/python" -m pip install "${PACKAGES[@]}" >"$LOG" 2>&1 ||
        die "they could not be installed; the last lines of $LOG say why: $(tail -n 3 "$LOG")"
    touch "$ENVIRONMENT/made"
}

die() {
    printf 'encoders: %s\n' "$*" >&2
    exit 1
}

main "$@"
