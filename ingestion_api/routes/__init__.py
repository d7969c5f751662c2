"""The addresses of the service; each file holds one subject, and each route only hands over."""

from fastapi import FastAPI

from ingestion_api.routes import alerts, audit, cache, embeddings, ingestion, jobs, metrics, probes, workers


def include_routes(app: FastAPI) -> None:
    """Add all JSON routes; the pages come last."""
    for subject in (ingestion, jobs, workers, embeddings, cache, alerts, audit, metrics, probes):
        app.include_router(subject.router)
