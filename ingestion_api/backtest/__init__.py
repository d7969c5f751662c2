"""How often the alerts of a signal would have fired with other levels."""
