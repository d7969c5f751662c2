"""Generates alertmanager.yml from receivers.yml."""
