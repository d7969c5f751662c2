#!/usr/bin/env bash
# Prepares this checkout for `make run` (`stack/setup.sh run`) or `make test` (`stack/setup.sh test`):
# packages of the distribution, then .venv from requirements.txt. A second run changes nothing.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

PURPOSE=${1:-run}
LOG=.run/setup.log
STAMP=.venv/.made-from
export UV_PYTHON_DOWNLOADS=never

# a required command, its other name or path, and the package that contains it
NEEDS=(
    "redis-server redis-server redis-server"
    "prometheus prometheus prometheus"
    "prometheus-alertmanager alertmanager prometheus-alertmanager"
    "git git git"
)
# browsers for tests of the pages, and a store for remote_write; without them these tests are skipped
OPTIONAL_NEEDS=()
if [ "$PURPOSE" = test ]; then
    NEEDS+=(
        "promtool promtool prometheus"
        "amtool amtool prometheus-alertmanager"
        "postgres /usr/lib/postgresql/*/bin/postgres postgresql"
        "openssl openssl openssl"
        "gpg gpg gnupg"
        "gpgv gpgv gpgv"
    )
    OPTIONAL_NEEDS+=(
        "chromium chromium chromium"
        "chromedriver chromedriver chromium-driver"
        "firefox-esr firefox-esr firefox-esr"
        "WebKitWebDriver WebKitWebDriver webkit2gtk-driver"
        "Xvfb Xvfb xvfb"
        "xauth xauth xauth"
        "victoria-metrics victoria-metrics victoria-metrics"
    )
fi

main() {
    [ -w . ] || die "$PWD is not writable for $(id -un); take a checkout of your own."
    mkdir -p .run
    # concurrent set-ups of one checkout take turns; the lock is on a folder, so no lock file remains
    exec 9<stack
    flock 9
    local missing
    mapfile -t missing < <(missing_packages "${NEEDS[@]}")
    install_packages "${missing[@]}"
    mapfile -t missing < <(missing_packages "${OPTIONAL_NEEDS[@]}")
    (install_packages "${missing[@]}") || say "without ${missing[*]}: the tests that need them are left out"
    PYTHON=$(find_python)
    [ "$(made_from)" = "$(cat "$STAMP" 2>/dev/null)" ] || make_environment
}

missing_packages() {
    local command other package
    [ $# -eq 0 ] || printf '%s\n' "$@" | while read -r command other package; do
        command -v "$command" >/dev/null || present "$other" || printf '%s\n' "$package"
    done | sort -u
}

present() {
    # only a path is a pattern: this checkout has folders with the names of programs
    case $1 in
    /*) compgen -G "$1" >/dev/null ;;
    *) command -v "$1" >/dev/null ;;
    esac
}

install_packages() {
    [ $# -gt 0 ] || return 0
    local by_hand="apt-get install --no-install-recommends $*"
    command -v apt-get >/dev/null ||
        die "$* missing, and this system has no apt-get; install what corresponds to '$by_hand', then try again."
    say "installing $* with apt-get; their services are neither started nor enabled"
    as_root "$by_hand" bash stack/packages.sh "$@"
}

as_root() {
    local by_hand=$1
    shift
    if [ "$(id -u)" -eq 0 ]; then
        "$@"
    elif sudo -n true 2>/dev/null || { [ -t 0 ] && command -v sudo >/dev/null; }; then
        sudo "$@"
    else
        die "packages are missing and $(id -un) is neither root nor allowed to use sudo; let an administrator run '$by_hand', then try again."
    fi
}

find_python() {
    local name base
    for name in ${PYTHON:-python3 python3.15 python3.14 python3.13 python3.12 python3.11}; do
        # the interpreter itself, not a virtual environment that happens to be active
        base=$("$name" -c 'import sys; sys.version_info < (3, 11) or print(sys._base_executable)' 2>/dev/null) || continue
        [ -z "$base" ] || { printf '%s\n' "$base" && return; }
    done
    die "no Python 3.11 or newer found (python3 is $(python3 -V 2>&1 || true)); install one, on Ubuntu 22.04 with 'apt-get install python3.11 python3.11-venv', or name it: PYTHON=/path/to/python3.11 make $PURPOSE."
}

made_from() {
    { sha256sum requirements.txt pyproject.toml stack/setup.sh && "$PYTHON" -V && pwd; } | sha256sum
}

make_environment() {
    say "making .venv with $("$PYTHON" -V) and the packages of requirements.txt: some minutes; the log is $LOG"
    rm -f "$STAMP"
    if uv --version >/dev/null 2>&1; then
        with_uv >"$LOG" 2>&1 || not_made
    else
        "$PYTHON" -c 'import ensurepip' 2>/dev/null ||
            install_packages "$("$PYTHON" -c 'import sys; print("python%d.%d-venv" % sys.version_info[:2])')"
        with_pip >"$LOG" 2>&1 || not_made
    fi
    made_from >"$STAMP"
}

with_uv() {
    new_environment uv venv --quiet --clear --python "$PYTHON" .venv &&
        uv pip install --python .venv/bin/python --require-hashes --no-deps -r requirements.txt &&
        uv pip install --python .venv/bin/python --no-deps --no-build-isolation -e .
}

with_pip() {
    new_environment "$PYTHON" -m venv --clear .venv &&
        .venv/bin/python -m ensurepip &&
        .venv/bin/python -m pip install --retries 2 --require-hashes --no-deps -r requirements.txt &&
        .venv/bin/python -m pip install --retries 2 --no-deps --no-build-isolation -e .
}

new_environment() {
    # an environment with the same Python stays, and missing packages are added
    [ "$(.venv/bin/python -V 2>/dev/null)" = "$("$PYTHON" -V)" ] || "$@"
}

not_made() {
    die "the Python packages could not be installed: $(grep -m 1 -iE 'error|fail|not fetch' "$LOG" | tr -s ' ' | cut -c 1-300 || true) (all of it in $LOG); check the network, or the settings of uv or pip if you use an index of your own, then try again."
}

die() {
    printf 'set-up: %s\n' "$1" >&2
    exit 1
}

say() {
    printf 'set-up: %s\n' "$1"
}

main
