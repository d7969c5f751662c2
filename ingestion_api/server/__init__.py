"""The HTTP server: how many connections it holds, and how long it waits for a client."""
