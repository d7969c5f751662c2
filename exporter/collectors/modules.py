"""The modules: reported, observed and effective status of each."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.clock import to_wall_time
from exporter.collector import Collector, Part
from exporter.metrics import Gauge, StateGauge
from exporter.sources import Sources
from exporter.sources.backend.module_status import reported_status

OBSERVED = StateGauge(
    "ops_module_observed_status",
    "Observed status of the module: by its own reliable health route and by its requests.",
    ("module", "status"),
)
STATUS = StateGauge(
    "ops_module_status",
    "Effective status of the module: as observed, else as reported if degraded or down, else unknown.",
    ("module", "status"),
)
PROBE_DURATION = Gauge(
    "ops_module_probe_duration_seconds", "Response time of the module's own health route.", ("module",)
)
LAST_KNOWN = Gauge(
    "ops_module_last_known_timestamp_seconds",
    "Unix time at which the module's status was last reported or observed.",
    ("module", "by"),
)
STATUS_METRICS = (OBSERVED, STATUS, PROBE_DURATION, LAST_KNOWN)


async def read_status(sources: Sources) -> Iterable[Metric]:
    """Every configured module. All are down while the backend is."""
    views = await sources.modules.assess()
    return (
        OBSERVED.state_family((view.name, view.observed) for view in views),
        STATUS.state_family((view.name, view.status) for view in views),
        PROBE_DURATION.family((view.name, view.probe_seconds) for view in views),
        LAST_KNOWN.family(
            (view.name, by, None if at is None else to_wall_time(at))
            for view in views
            for by, at in (("reported", view.reported_at), ("observed", view.observed_at))
        ),
    )


REPORTED = StateGauge(
    "ops_module_reported_status", "Status of the module as the backend reports it.", ("module", "status")
)
REPORTED_METRICS = (REPORTED,)


async def read_reported(sources: Sources) -> Iterable[Metric]:
    """Every configured module, `unknown` without a report. Raises SourceError when there is none at all."""
    pollers = sources.backend.reported
    rows = [(name, await reported_status(poller)) for name, poller in pollers.items()]
    if pollers and all(poller.error for poller in pollers.values()):
        await next(iter(pollers.values())).get()
    return (REPORTED.state_family(rows),)


MODULES = Collector(
    "modules",
    "each module as reported, as observed, and as it is",
    (
        Part("status", read_status, STATUS_METRICS),
        Part("reported", read_reported, REPORTED_METRICS),
    ),
)
