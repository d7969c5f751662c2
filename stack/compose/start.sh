#!/bin/sh
# Exports the secrets that a program reads from its environment only, then becomes that program.
set -eu
read_secret() {
    if [ -r "/run/secrets/$2" ]; then
        export "$1=$(cat "/run/secrets/$2")"
    fi
}
read_secret PGPASSWORD postgres-password
read_secret DEMO_TOKEN backend-token
exec "$@"
