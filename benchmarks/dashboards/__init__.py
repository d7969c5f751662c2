"""Every query of every dashboard, asked of a real Prometheus as Grafana would ask it."""
