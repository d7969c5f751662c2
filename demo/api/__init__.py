"""The FastAPI application of the watched backend."""
