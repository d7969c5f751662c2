"""What watching costs the watched, and how often the watcher is fooled: with the exporter and without."""
