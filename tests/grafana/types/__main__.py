"""Installs Grafana's types: `python -m tests.grafana.types`."""

import sys

from tests.grafana.types.compile import InstallFailed, install

try:
    install()
except InstallFailed as failed:
    sys.exit(f"set-up: {failed}")
