"""What Alertmanager has told us."""
