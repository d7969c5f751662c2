"""The watched backend, over HTTP."""
