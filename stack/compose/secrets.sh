#!/usr/bin/env bash
# Makes the secrets of docker-compose.yml, once; what is there already stays. `make compose-secrets`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mkdir -p secrets
# the folder keeps others out; the files must be readable by the users that containers run as
chmod 700 secrets
for name in backend-token service-token webhook-token postgres-password grafana-password; do
    if [ ! -s "secrets/$name" ]; then
        # 32 characters; under another name first, since the service starts with no half a token
        head -c 24 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_' >"secrets/$name.new"
        chmod 644 "secrets/$name.new"
        mv "secrets/$name.new" "secrets/$name"
        printf 'stack/compose/secrets/%s is new\n' "$name"
    fi
done
