"""Redis URLs as they are read, opened and handed to Celery; what is said of a way that is wrong."""
