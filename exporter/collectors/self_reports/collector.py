"""The collector: a series for each check, and the status of each component."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.cardinality import sanitize_label
from exporter.collector import Collector, Part
from exporter.collectors.self_reports.checks import COMPONENTS, run_checks
from exporter.collectors.self_reports.comparison import read_comparison_input
from exporter.metrics import Gauge, StateGauge
from exporter.sources import Sources
from exporter.status import effective_status

DISAGREES = Gauge(
    "ops_self_report_disagrees",
    "Whether the backend's report on the subject contradicts the observation (1) or agrees with it (0).",
    ("subject", "reported", "observed"),
)
DISAGREEMENTS_METRICS = (DISAGREES,)
MAX_SUBJECTS = 200  # modules, models, queues and stored model names have limits of their own


async def read_disagreements(sources: Sources) -> Iterable[Metric]:
    """A subject that is unknown on either side has no series."""
    found = list(run_checks(await read_comparison_input(sources)))[:MAX_SUBJECTS]
    length = sources.settings.limits.label_length
    return (
        DISAGREES.family(
            (
                sanitize_label(comparison.subject, length),
                comparison.reported,
                comparison.observed,
                float(comparison.disagrees),
            )
            for comparison in found
        ),
    )


REPORTED_STATUS = StateGauge(
    "ops_component_reported_status",
    "Status of the component as the backend reports it.",
    ("component", "status"),
)
OBSERVED_STATUS = StateGauge(
    "ops_component_observed_status", "Observed status of the component.", ("component", "status")
)
STATUS = StateGauge(
    "ops_component_status",
    "Effective status of the component: as observed, else as reported if degraded or down, else unknown.",
    ("component", "status"),
)
COMPONENTS_METRICS = (REPORTED_STATUS, OBSERVED_STATUS, STATUS)


async def read_components(sources: Sources) -> Iterable[Metric]:
    """Every component, unknown ones included."""
    now = await read_comparison_input(sources)
    rows = [(c.name, c.reported(now), c.observed(now)) for c in COMPONENTS]
    return (
        REPORTED_STATUS.state_family((name, reported) for name, reported, _ in rows),
        OBSERVED_STATUS.state_family((name, observed) for name, _, observed in rows),
        STATUS.state_family(
            (name, effective_status(reported, observed)) for name, reported, observed in rows
        ),
    )


SELF_REPORTS = Collector(
    "self_reports",
    "what the backend reports of itself against what is observed",
    (
        Part("disagreements", read_disagreements, DISAGREEMENTS_METRICS),
        Part("components", read_components, COMPONENTS_METRICS),
    ),
)
