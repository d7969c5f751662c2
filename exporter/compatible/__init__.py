"""Whether a Grafana dashboard or a rule file finds its metrics here: `python -m exporter.compatible FILE`."""
