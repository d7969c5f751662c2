"""A demo backend to monitor: 13 modules on a real pool, Redis, Celery and models, with fault injection."""
