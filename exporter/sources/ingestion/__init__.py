"""The Redis server that holds the ingestion queue."""
