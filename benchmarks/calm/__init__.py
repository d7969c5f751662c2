"""A calm week: how often chance alone raises an alert on requests."""
