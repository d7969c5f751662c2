"""What docker-compose.yml mounts: configurations with the host names of its network."""
