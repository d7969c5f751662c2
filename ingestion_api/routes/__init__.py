"""The addresses of the service; each file holds one subject, and each route only hands over."""

from fastapi import FastAPI

from ingestion_api.routes import (
    alert_search,
    alerts,
    audit,
    cache,
    document,
    embeddings,
    ingestion,
    jobs,
    noise,
    preferences,
    probes,
    workers,
)


def include_routes(app: FastAPI) -> None:
    """Add all JSON routes; the pages come last."""
    subjects = (
        ingestion,
        jobs,
        workers,
        embeddings,
        cache,
        alerts,
        alert_search,
        noise,
        preferences,
        audit,
        probes,
        document,
    )
    for subject in subjects:
        # their routes are made already: an app that includes a router makes each anew, in its first request
        app.router.routes.extend(subject.router.routes)
