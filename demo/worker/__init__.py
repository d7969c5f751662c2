"""The Celery application neo_alexandria and its tasks."""
