"""The backend's database, read over small connections of our own, never through the backend's pool."""
