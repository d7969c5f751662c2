"""The consumer by its former path and name; use ingestion_api.celery_worker.consumer:ReconnectingConsumer."""

from ingestion_api.celery_worker.consumer import ReconnectingConsumer as LastingConsumer

__all__ = ["LastingConsumer"]
