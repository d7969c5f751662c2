"""How grave each signal is: the value that is judged, against the levels in force."""

from collections.abc import Iterator

from prometheus.fresh import SELECTOR, just_recorded, newest
from prometheus.rule import Recording
from prometheus.signal import Signal
from prometheus.signals import FAST, LATEST, VALUE, recorded

JUDGED, SEVERITY, WORST = "ops:signal:judged", "ops:signal:severity", "ops:signal:worst"
# 0 stands for none
CODES = {"critical": 3, "warning": 2, "info": 1}
# between two records of the worst value, and between two values of the fast lane
KEPT, SCRAPED = "15s", "250ms"


def rules(name: str, signal: Signal) -> Iterator[Recording]:
    """The judged value, its severity, and of a fast signal the worst value since the last record."""
    labels = {"signal": name}
    yield Recording(JUDGED, judged(name, signal), labels)
    yield Recording(SEVERITY, severity(name, signal, just_recorded(recorded(VALUE, name))), labels)
    if signal.lane == "fast":
        yield Recording(WORST, worst(name, signal), labels)


def judged(name: str, signal: Signal) -> str:
    """The value; of one that outlives its cause the part that goes on, until its alert has ended."""
    value = just_recorded(recorded(VALUE, name))
    if not signal.lingers:
        return value
    latest = recorded(LATEST, name)
    now = newest(latest, "fast") if signal.lane == "fast" else just_recorded(latest)
    firing = f'ALERTS{{alertname="{signal.alert}",alertstate="firing"}}'
    return f"{value} and on ({', '.join(signal.by)}) {firing} or {milder(value, now, signal)}"


def milder(value: str, other: str, signal: Signal) -> str:
    """Of two values the one further from trouble, where there are both."""
    sign = "<=" if signal.direction == "above" else ">="
    return f"(({value} {sign} {other}) or ({other} and {value}))" if other != value else value


def severity(name: str, signal: Signal, measured: str, judged_as: str = "") -> str:
    """The code of the gravest level in force that the judged value passes, 0 for none of what is measured.

    With `judged_as` the levels are those of another signal.
    """
    value, sign = just_recorded(recorded(JUDGED, name)), ">" if signal.direction == "above" else "<"
    levels = signal.levels.given()
    passed = (
        f"{CODES[severity]} * ({value} {sign} on () group_left () {level(judged_as or name, severity)}) ^ 0"
        for severity in CODES
        if severity in levels
    )
    # x ^ 0 is 1 whatever x is; what is no number has no severity
    return " or ".join([*passed, f"0 * ({measured} > -Inf) ^ 0"])


def level(name: str, severity: str) -> str:
    """The level in force."""
    return f'ops:threshold{{signal="{name}",severity="{severity}"}}'


def worst(name: str, signal: Signal) -> str:
    """The worst value that the fast lane judged since the last record."""
    extreme = "max_over_time" if signal.direction == "above" else "min_over_time"
    if not signal.over_time:
        expression = " ".join(signal.expression.split())
        return SELECTOR.sub(lambda it: f"{extreme}({it[0]}[{KEPT}])", expression)
    value, latest = (f"last_over_time({recorded(it, name)}[{SCRAPED}])" for it in (FAST, LATEST))
    # the sum has no name: the milder one is now a sample of one series, now of the other
    return f"{extreme}((0 + {milder(value, latest, signal)})[{KEPT}:{SCRAPED}])"
