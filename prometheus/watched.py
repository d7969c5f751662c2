"""Where the unusual is looked for: every signal that is measured, and each module's requests."""

from collections.abc import Iterator

from prometheus.fresh import fresh, newest
from prometheus.module_status import SHOWN
from prometheus.requests import MODULE_RATE
from prometheus.rule import Recording
from prometheus.thresholds import Thresholds

WATCHED = "ops:watched"
# the three questions about every module, under names of signals
MODULES = {"module_requests": MODULE_RATE % "5m"} | {name: value for name, (_, value, _) in SHOWN.items()}


def rules(thresholds: Thresholds) -> Iterator[Recording]:
    """One name for all of them; what is only ever 0 or 1 has a level, and nothing to be unusual in."""
    names = "|".join(name for name, signal in thresholds.signals.items() if signal.unit != "state")
    yield Recording(WATCHED, finite(fresh(f'ops:signal{{signal=~"{names}"}}', "slow")))
    for name, series in MODULES.items():
        yield Recording(WATCHED, finite(newest(series, "slow")), {"signal": name})


def finite(expression: str) -> str:
    """The series of this expression that are numbers: a ratio of nothing is none."""
    return f"({expression}) > -Inf < +Inf"
