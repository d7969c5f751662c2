"""The worker process: `celery -A ingestion_api.celery_worker.app worker -Q ingestion,embeddings`."""
