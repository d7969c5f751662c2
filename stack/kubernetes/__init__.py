"""A kustomize base for Kubernetes, from the sources of docker-compose.yml, rules and dashboards."""
