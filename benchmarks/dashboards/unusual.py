"""What the exporter says of watched signals: most as usual, some not, one being learnt."""

from collections.abc import Iterator

from demo.settings import MODULES as NAMES
from grafana.levels import thresholds
from prometheus.recording import MODULE_SERIES

BEGINNING = "ops_anomaly_"
SIZES = {"value": 0.4, "lower": 0.2, "upper": 0.6, "score": 0.3}
DIRECTIONS = (0, 1, 0, -1)
Sample = tuple[str, dict[str, str], float]


def samples() -> Iterator[Sample]:
    """Metric, labels and value of each series."""
    for place, about in enumerate(subjects()):
        for name, size in SIZES.items():
            yield BEGINNING + name, about, size
        direction = DIRECTIONS[place % len(DIRECTIONS)]
        yield f"{BEGINNING}direction", about, float(direction)
        yield f"{BEGINNING}grade", about, 2.0 * abs(direction)
        held = "anomalous" if direction else "normal"
        for state in ("learning", "normal", "anomalous"):
            yield f"{BEGINNING}state", {**about, "state": state}, float(state == held)
    yield f"{BEGINNING}watched_series", {}, 100.0
    yield f"{BEGINNING}left_out_series", {}, 0.0


def subjects() -> Iterator[dict[str, str]]:
    """Every signal as a whole, and the requests of every module."""
    yield from ({"signal": name, "module": "", "part": ""} for name in thresholds().signals)
    for name in MODULE_SERIES:
        yield from ({"signal": name, "module": module, "part": module} for module in NAMES)
