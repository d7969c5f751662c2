"""The former place of `ingestion_api.celery_worker`; it goes with the next version."""
