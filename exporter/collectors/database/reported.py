"""What the backend itself says of its database; it has been seen to say healthy of a stopped one."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, States
from exporter.sources import Sources
from exporter.sources.document import Document

REPORTED_STATUS = States(
    "ops_database_reported_status",
    "State of the database in the words of the backend's own report, which may be wrong.",
    ("status",),
)
REPORTED_WARNINGS = Gauge(
    "ops_database_reported_warnings", "Warnings in the backend's own report on its database."
)
REPORTED_METRICS = (REPORTED_STATUS, REPORTED_WARNINGS)
DOWN_WORDS = ("unhealthy", "error", "down")
DEGRADED_WORDS = ("degraded", "warning")


async def read_reported(sources: Sources) -> Iterable[Metric]:
    """The report, told as it is."""
    report = await sources.backend.database.answer()
    warnings = report.at("warnings")
    return (
        REPORTED_STATUS.of_states([(reported_database_status(report),)]),
        REPORTED_WARNINGS.one(float(len(warnings)) if isinstance(warnings, list) else None),
    )


def reported_database_status(report: Document) -> str:
    """The state that the report means: what it does not say is unknown."""
    healthy, word = report.flag("database", "healthy"), report.text("status")
    if healthy is False or word in DOWN_WORDS:
        return "down"
    if healthy is None:
        return "unknown"
    return "degraded" if report.at("warnings") or word in DEGRADED_WORDS else "healthy"
