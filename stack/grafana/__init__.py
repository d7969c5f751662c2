"""Grafana in `make run`: the installed one, or one that is downloaded beside the run."""
