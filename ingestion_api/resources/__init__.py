"""The table of resources: the service's own, or the backend's."""
