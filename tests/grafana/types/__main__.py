"""Installs Grafana's types: `python -m tests.grafana.types`."""

from tests.grafana.types.compile import install

install()
