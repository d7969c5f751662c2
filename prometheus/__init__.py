"""Generates the recording and alerting rules of Prometheus from thresholds.yml."""
