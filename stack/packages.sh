#!/usr/bin/env bash
# Installs packages of Debian or Ubuntu as root, and keeps their services stopped, now and at boot:
# the project starts its own on other ports. Called by setup.sh.
set -euo pipefail

POLICY=${POLICY_RC_D:-/usr/sbin/policy-rc.d}
MARK="# from Watchroom's set-up, only while it installs packages"
LOG=$(mktemp)

main() {
    exec 9<"${DPKG:-/var/lib/dpkg}"
    flock 9
    trap unguard EXIT
    trap 'exit 130' INT
    trap 'exit 143' TERM
    guard
    local before
    before=$(services)
    get_packages "$@" || fail "$*"
    keep_idle "$(comm -13 <(printf '%s\n' "$before") <(services))"
}

guard() {
    # a killed set-up may have left its own
    unguard
    # noclobber: an existing policy is the administrator's; then keep_idle alone stops the services
    (set -o noclobber && printf '#!/bin/sh\n%s\nexit 101\n' "$MARK" >"$POLICY") 2>/dev/null || return 0
    chmod 755 "$POLICY"
}

unguard() {
    if grep -qsF "$MARK" "$POLICY"; then rm -f "$POLICY"; fi
}

get_packages() {
    # the lists are updated only if the installation fails with the current ones
    apt_get install "$@" || {
        apt_get update || true
        apt_get install "$@"
    }
}

apt_get() {
    DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1 apt-get -qq -y --no-install-recommends \
        -o Dpkg::Use-Pty=0 -o DPkg::Lock::Timeout=300 -o Acquire::Retries=1 -o Acquire::http::Timeout=30 \
        "$@" </dev/null >>"$LOG" 2>&1
}

services() {
    find /lib/systemd/system /usr/lib/systemd/system /etc/init.d -maxdepth 1 2>/dev/null |
        sed -n 's#.*/##; s#\.service$##; /@\|README\|\.target$\|\.timer$\|\.socket$/!p' | sort -u
}

keep_idle() {
    local service
    for service in $1; do
        if [ -d /run/systemd/system ]; then
            systemctl --quiet disable --now "$service" >/dev/null 2>&1 || true
        elif command -v systemctl >/dev/null; then
            systemctl --quiet disable "$service" >/dev/null 2>&1 || true
        else
            update-rc.d "$service" disable >/dev/null 2>&1 || true
        fi
    done
}

fail() {
    local reason
    reason=$(grep -m 1 'Failed to fetch' "$LOG" || grep '^E:' "$LOG" | tail -n 1 || true)
    printf "set-up: apt-get could not install %s (%s); check the network and the sources in /etc/apt (on Ubuntu, 'universe'), or install them by other means, then try again.\n" "$1" "${reason:-no reason given}" >&2
    exit 1
}

main "$@"
