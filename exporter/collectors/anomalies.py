"""What is unusual: value, expected band and score of each watched signal. It marks, and never pages."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.anomaly.series import STATES
from exporter.collector import Collector, Part
from exporter.metrics import Gauge, StateGauge
from exporter.sources import Sources

SIGNAL_LABELS = ("signal", "module", "part")
VALUE = Gauge(
    "ops_anomaly_value", "Value of the watched signal, in its own unit, at the last look.", SIGNAL_LABELS
)
LOWER = Gauge("ops_anomaly_lower", "Lower end of the band in which that value was expected.", SIGNAL_LABELS)
UPPER = Gauge("ops_anomaly_upper", "Upper end of the band in which that value was expected.", SIGNAL_LABELS)
SCORE = Gauge(
    "ops_anomaly_score",
    "How unusual the value is: 1 and more is unusual, 2 and more strongly; 0 for a while after a mark.",
    SIGNAL_LABELS,
)
STATE = StateGauge(
    "ops_anomaly_state",
    "Whether the signal is strongly unusual; learning while too little of its past is known.",
    (*SIGNAL_LABELS, "state"),
    STATES,
)
DIRECTION = Gauge(
    "ops_anomaly_direction",
    "Which way the signal went: 1 up, -1 down, 0 while it is not strongly unusual.",
    SIGNAL_LABELS,
)
GRADE = Gauge(
    "ops_anomaly_grade",
    "How unusual the signal is: 0 as usual, 1 unusual, 2 strongly unusual.",
    SIGNAL_LABELS,
)
WATCHED_SERIES = Gauge("ops_anomaly_watched_series", "Series that are watched now.")
LEFT_OUT_SERIES = Gauge(
    "ops_anomaly_left_out_series",
    "Series that are not watched because there are more than the settings allow.",
)
METRICS = (VALUE, LOWER, UPPER, SCORE, STATE, DIRECTION, GRADE, WATCHED_SERIES, LEFT_OUT_SERIES)


async def read(sources: Sources) -> Iterable[Metric]:
    """Every watched series that still says something. Raises SourceError while Prometheus is away."""
    found = await sources.prometheus.signals.get()
    return (
        VALUE.family((*name, view.value) for name, view in found.views),
        LOWER.family((*name, view.lower) for name, view in found.views),
        UPPER.family((*name, view.upper) for name, view in found.views),
        SCORE.family((*name, view.score) for name, view in found.views),
        STATE.state_family((*name, view.state) for name, view in found.views),
        DIRECTION.family((*name, view.direction) for name, view in found.views),
        GRADE.family((*name, view.grade) for name, view in found.views),
        WATCHED_SERIES.single(len(found.views)),
        LEFT_OUT_SERIES.single(found.left_out),
    )


ANOMALIES = Collector(
    "anomalies",
    "what is unusual, signal by signal",
    (Part("signals", read, METRICS),),
)
