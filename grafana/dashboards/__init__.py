"""The dashboards, one subject a file; this list is all of them, in the order of the menu."""

from grafana.dashboard import Dashboard
from grafana.dashboards import (
    alerts,
    api,
    cache,
    database,
    engagement,
    events,
    ingestion,
    models,
    module,
    overview,
    postgresql,
    recommendations,
    slo,
    stack,
    workers,
)


def boards() -> tuple[Dashboard, ...]:
    """Every dashboard, made anew."""
    return (
        overview.board(),
        module.board(),
        api.board(),
        database.board(),
        postgresql.board(),
        events.board(),
        cache.board(),
        workers.board(),
        models.board(),
        engagement.board(),
        recommendations.board(),
        ingestion.board(),
        alerts.board(),
        slo.board(),
        stack.board(),
    )
