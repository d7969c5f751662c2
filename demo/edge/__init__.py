"""A stand-in for the GPU edge worker that takes repositories from ingest_queue."""
