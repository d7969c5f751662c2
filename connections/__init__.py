"""What the exporter and the service share: one reader of Redis URLs, and what is wrong with a connection."""
