"""Dashboards as code: `make dashboards` writes grafana/generated from what stands here."""
