"""The process that does the jobs: `celery -A ingestion_api.worker.app worker -Q ingestion,embeddings`."""
