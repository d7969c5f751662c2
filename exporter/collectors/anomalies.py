"""Anomalies: value, expected band and score of each watched signal. They are marked, and never page."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.anomaly.series import STATES
from exporter.collector import Collector, Part
from exporter.metrics import Gauge, StateGauge
from exporter.sources import Sources

SIGNAL_LABELS = ("signal", "module", "part")
VALUE = Gauge("ops_anomaly_value", "Latest value of the watched signal, in its own unit.", SIGNAL_LABELS)
LOWER = Gauge("ops_anomaly_lower", "Lower bound of the expected value.", SIGNAL_LABELS)
UPPER = Gauge("ops_anomaly_upper", "Upper bound of the expected value.", SIGNAL_LABELS)
SCORE = Gauge(
    "ops_anomaly_score",
    "Anomaly score: from 1 the value is unusual, from 2 strongly unusual; 0 for a while after a mark.",
    SIGNAL_LABELS,
)
STATE = StateGauge(
    "ops_anomaly_state",
    "State of the signal: normal, anomalous (strongly unusual), or learning while its history is too short.",
    (*SIGNAL_LABELS, "state"),
    STATES,
)
DIRECTION = Gauge(
    "ops_anomaly_direction",
    "Direction of the anomaly: 1 up, -1 down, 0 while the signal is not strongly unusual.",
    SIGNAL_LABELS,
)
GRADE = Gauge(
    "ops_anomaly_grade",
    "Grade of the signal: 0 normal, 1 unusual, 2 strongly unusual.",
    SIGNAL_LABELS,
)
WATCHED_SERIES = Gauge("ops_anomaly_watched_series", "Series that are watched.")
LEFT_OUT_SERIES = Gauge(
    "ops_anomaly_left_out_series",
    "Series that are not watched because they exceed the limit of the settings.",
)
METRICS = (VALUE, LOWER, UPPER, SCORE, STATE, DIRECTION, GRADE, WATCHED_SERIES, LEFT_OUT_SERIES)


async def read(sources: Sources) -> Iterable[Metric]:
    """Every watched series that still has samples. Raises SourceError while Prometheus is unreachable."""
    found = await sources.prometheus.signals.get()
    return (
        VALUE.family((*name, view.value) for name, view in found.statuses),
        LOWER.family((*name, view.lower) for name, view in found.statuses),
        UPPER.family((*name, view.upper) for name, view in found.statuses),
        SCORE.family((*name, view.score) for name, view in found.statuses),
        STATE.state_family((*name, view.state) for name, view in found.statuses),
        DIRECTION.family((*name, view.direction) for name, view in found.statuses),
        GRADE.family((*name, view.grade) for name, view in found.statuses),
        WATCHED_SERIES.single(len(found.statuses)),
        LEFT_OUT_SERIES.single(found.left_out),
    )


ANOMALIES = Collector(
    "anomalies",
    "anomalies, signal by signal",
    (Part("signals", read, METRICS),),
)
