"""Shared by the exporter and the service: one parser of Redis URLs, Redis clients, connection faults."""
