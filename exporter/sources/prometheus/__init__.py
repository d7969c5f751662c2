"""The Prometheus that scrapes this exporter, asked for past values of what it has recorded."""
