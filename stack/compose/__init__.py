"""The files that docker-compose.yml mounts and its images install."""
