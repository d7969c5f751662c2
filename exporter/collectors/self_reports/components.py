"""The status of each component, as reported, as observed, and as it follows from both."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.collectors.self_reports.sight import read_comparison_input
from exporter.collectors.self_reports.statuses import COMPONENTS
from exporter.metrics import States
from exporter.sources import Sources
from exporter.status import derived

REPORTED_STATUS = States(
    "ops_component_reported_status",
    "Status of the component as the backend reports it.",
    ("component", "status"),
)
OBSERVED_STATUS = States(
    "ops_component_observed_status", "Status of the component as it is observed.", ("component", "status")
)
STATUS = States(
    "ops_component_status",
    "Status of the component: as observed, else as reported when that is trouble, else unknown.",
    ("component", "status"),
)
COMPONENTS_METRICS = (REPORTED_STATUS, OBSERVED_STATUS, STATUS)


async def read_components(sources: Sources) -> Iterable[Metric]:
    """Every component, also those of which nothing is known."""
    now = await read_comparison_input(sources)
    rows = [(c.name, c.reported(now), c.observed(now)) for c in COMPONENTS]
    return (
        REPORTED_STATUS.of_states((name, reported) for name, reported, _ in rows),
        OBSERVED_STATUS.of_states((name, observed) for name, _, observed in rows),
        STATUS.of_states((name, derived(reported, observed)) for name, reported, observed in rows),
    )
