"""`celery -A ingestion_api.worker.app`, as it was called before; use ingestion_api.celery_worker.app."""

from ingestion_api.celery_worker.app import app

__all__ = ["app"]
