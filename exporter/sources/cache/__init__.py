"""The Redis server that is the backend's cache."""
