"""A backend to watch: 13 modules on a real pool, Redis, Celery and models, with faults on command."""
