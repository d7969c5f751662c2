"""Our own ingestion service, asked from outside as any client asks it."""
