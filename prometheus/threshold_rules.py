"""The level in force of every signal, and the severity of its value."""

from collections.abc import Iterator

from prometheus.freshness import SELECTOR, newest_sample, recorded_now, while_scraped
from prometheus.rule_file import RecordingRule
from prometheus.share_rules import BOUND, LATEST, signal_series
from prometheus.signal_rules import VALUE
from prometheus.thresholds import Signal, Thresholds, one_line

OVERRIDE = "ops_threshold_override"
# only the scrape of every second: other jobs hold older samples
LEVELS_JOB = 'job="service-thresholds"'
OVERRIDES = f"max by (signal, severity) ({OVERRIDE}{{{LEVELS_JOB}}})"
# signals that an operator does not watch
UNWATCHED = "ops:signal:unwatched"
NOT_WATCHED = f"max by (signal) (ops_signal_unwatched{{{LEVELS_JOB}}}) == 1"
# while the service is down its last overrides hold: its restart must not change a level
LEVELS_SCRAPED = f"max(up{{{LEVELS_JOB}}} == 1)"
ALLOWED_OVERRIDES = (
    f"{OVERRIDES} >= on (signal) group_left () ops:threshold:least <= on (signal) group_left () "
    "ops:threshold:greatest"
)


def file_levels(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """The levels of thresholds.yml, and the bounds of overrides."""
    for name, signal in thresholds.signals.items():
        for severity, level in signal.levels.given().items():
            labels = {"signal": name, "severity": severity}
            yield RecordingRule("ops:threshold:file", f"vector({level:.10g})", labels)
    yield from override_bounds(thresholds)


def levels_in_force() -> Iterator[RecordingRule]:
    """The overrides within these bounds, and the levels in force."""
    kept = f"(ops:threshold:override unless on () {LEVELS_SCRAPED})"
    # an override cannot add a level: the signal would have no alert for it
    known = "and on (signal, severity) ops:threshold:file"
    yield RecordingRule("ops:threshold:override", f"({ALLOWED_OVERRIDES} or {kept}) {known}")
    yield RecordingRule(UNWATCHED, f"{NOT_WATCHED} or ({UNWATCHED} unless on () {LEVELS_SCRAPED})")
    # without a level in force no alert of the signal fires, and its value has no severity
    levels = "(ops:threshold:override or on (signal, severity) ops:threshold:file)"
    yield RecordingRule("ops:threshold", f"{levels} unless on (signal) {UNWATCHED}")


def override_bounds(thresholds: Thresholds) -> Iterator[RecordingRule]:
    """The bounds of overrides; a signal without a range has none."""
    for name, signal in thresholds.signals.items():
        if signal.range is not None:
            least, greatest = signal.range
            yield RecordingRule("ops:threshold:least", f"vector({least:.10g})", {"signal": name})
            yield RecordingRule("ops:threshold:greatest", f"vector({greatest:.10g})", {"signal": name})


JUDGED, SEVERITY, WORST = "ops:signal:judged", "ops:signal:severity", "ops:signal:worst"
# a signal that passes no level has severity 0
CODES = {"critical": 3, "warning": 2, "info": 1}
# 1 for a signal that passes a level while too little happens to judge it, and the code that panels show then
TOO_FEW_EVENTS, TOO_FEW = "ops:signal:too_few", -1
WORST_WINDOW = "15s"


def severity_rules(name: str, signal: Signal) -> Iterator[RecordingRule]:
    """The judged value, its severity or that it is too few, and for a fast signal the worst value of 15 s."""
    labels = {"signal": name}
    yield RecordingRule(JUDGED, judged_value(name, signal), labels)
    yield RecordingRule(
        SEVERITY, severity_code(name, signal, recorded_now(signal_series(VALUE, name))), labels
    )
    if can_be_too_few(signal):
        yield RecordingRule(TOO_FEW_EVENTS, too_few(name, signal), labels)
    if signal.lane == "fast":
        yield RecordingRule(WORST, worst_value(name, signal), labels)


def judged_value(name: str, signal: Signal) -> str:
    """The value that is compared with the levels.

    A value over a range can outlive its cause. It counts only as far as its cause goes on, or while its
    alert fires."""
    value = recorded_now(signal_series(BOUND if signal.share else VALUE, name))
    if not signal.outlives_cause:
        return value
    latest = signal_series(LATEST, name)
    now = newest_sample(latest, "fast") if signal.lane == "fast" else recorded_now(latest)
    firing = f'ALERTS{{alertname="{signal.alert}",alertstate="firing"}}'
    judged = f"{value} and on ({', '.join(signal.by)}) {firing} or {milder(value, now, signal)}"
    return f"{judged} or {nothing_bad(name)}" if signal.share else judged


def nothing_bad(name: str) -> str:
    """0 where a share is measured; it has a bound only where enough events were bad."""
    return f"0 * {recorded_now(signal_series(VALUE, name))}"


def milder(value: str, other: str, signal: Signal) -> str:
    """The milder of two values, where both exist."""
    sign = "<=" if signal.direction == "above" else ">="
    return f"(({value} {sign} {other}) or ({other} and {value}))" if other != value else value


def severity_code(name: str, signal: Signal, measured: str, judged_as: str = "") -> str:
    """The code of the severest level in force that the judged value passes; 0 where `measured` has a number.

    `judged_as` names another signal whose levels to use.
    """
    value, sign = recorded_now(signal_series(JUDGED, name)), ">" if signal.direction == "above" else "<"
    levels = signal.levels.given()
    passed = (
        f"{code} * ({value} {sign} on () group_left () {level_series(judged_as or name, severity)}) ^ 0"
        for severity, code in CODES.items()
        if severity in levels
    )
    # x ^ 0 is 1 for every x; NaN has no severity
    return " or ".join([*passed, f"0 * ({measured} > -Inf) ^ 0"])


def can_be_too_few(signal: Signal) -> bool:
    """Whether its value can pass a level while too little happens to judge it; in the slow lane."""
    ratio = signal.volume is not None and signal.unit == "ratio"
    return signal.lane == "slow" and (signal.share is not None or ratio)


def too_few(name: str, signal: Signal) -> str:
    """1 where the value passes a level, but too little happens to judge or to prove it."""
    passed, kept = (">", "<=") if signal.direction == "above" else ("<", ">=")
    level = f"on () group_left () {level_series(name, next(iter(signal.levels.given())))}"
    value = while_scraped(one_line(signal.expression), signal.lane)
    enough = recorded_now(signal_series(BOUND if signal.share else VALUE, name))
    judged = [f"{enough} {passed} {level}" if signal.share else enough]
    if signal.share or signal.outlives_cause:
        # what only the window still sees is over
        judged.append(f"{recorded_now(signal_series(LATEST, name))} {kept} {level}")
    left_out = f"unless on ({', '.join(signal.by)}) ({' or '.join(judged)})"
    return f"(({value}) {passed} {level}) ^ 0 {left_out}"


def level_series(name: str, severity: str) -> str:
    """The series of a level in force."""
    return f'ops:threshold{{signal="{name}",severity="{severity}"}}'


def worst_value(name: str, signal: Signal) -> str:
    """The worst value that the fast lane judged within 15 s."""
    extreme = "max_over_time" if signal.direction == "above" else "min_over_time"
    if signal.share:
        return f"{extreme}({signal_series(LATEST, name)}[{WORST_WINDOW}]) or {nothing_bad(name)}"
    expression = " ".join(signal.expression.split())
    return SELECTOR.sub(lambda it: f"{extreme}({it[0]}[{WORST_WINDOW}])", expression)
