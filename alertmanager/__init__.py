"""Routing as code: receivers.yml in, alertmanager.yml out."""
