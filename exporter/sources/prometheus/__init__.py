"""The Prometheus that scrapes this exporter, queried for the signals that it has recorded."""
