#!/usr/bin/env bash
# Makes the secrets of docker-compose.yml; existing ones stay. `make compose-secrets`
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")"

mkdir -p secrets
# the folder keeps other users out; the containers' users must be able to read the files
chmod 700 secrets
for name in backend-token service-token webhook-token postgres-password grafana-password; do
    if [ ! -s "secrets/$name" ]; then
        # 32 characters; written under another name first, so that no service reads half a token
        head -c 24 /dev/urandom | base64 | tr -d '\n' | tr '+/' '-_' >"secrets/$name.new"
        chmod 644 "secrets/$name.new"
        mv "secrets/$name.new" "secrets/$name"
        printf 'stack/compose/secrets/%s is new\n' "$name"
    fi
done
