"""Who may change something."""
