"""Grafana in `make run`: the installed one, or one that is unpacked beside the run and never installed."""
