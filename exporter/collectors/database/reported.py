"""What the backend itself says of its database; it has been seen to say healthy of a stopped one."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Gauge, States
from exporter.sources import Sources
from exporter.sources.document import Document

STATUS = States(
    "ops_database_reported_status",
    "State of the database in the words of the backend's own report, which may be wrong.",
    ("status",),
)
WARNINGS = Gauge("ops_database_reported_warnings", "Warnings in the backend's own report on its database.")
METRICS = (STATUS, WARNINGS)
BAD = ("unhealthy", "error", "down")
POOR = ("degraded", "warning")


async def read(sources: Sources) -> Iterable[Metric]:
    """The report, told as it is."""
    report = await sources.backend.database.answer()
    warnings = report.at("warnings")
    return (
        STATUS.of_states([(reported(report),)]),
        WARNINGS.one(float(len(warnings)) if isinstance(warnings, list) else None),
    )


def reported(report: Document) -> str:
    """The state that the report means: what it does not say is unknown."""
    healthy, word = report.flag("database", "healthy"), report.text("status")
    if healthy is False or word in BAD:
        return "down"
    if healthy is None:
        return "unknown"
    return "degraded" if report.at("warnings") or word in POOR else "healthy"
