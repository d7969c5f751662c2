"""Anomaly detection: one detector for any series, and the many series of Prometheus that it reads."""
