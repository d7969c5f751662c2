"""The Celery broker: queues, worker events, results."""
