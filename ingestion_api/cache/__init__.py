"""The backend's cache in Redis: what is in it, and clearing a part of it."""
