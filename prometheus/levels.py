"""The level in force of every signal: that of the preferences page if there is one, else the file's."""

from collections.abc import Iterator

from prometheus.rule import Recording
from prometheus.thresholds import Thresholds

OVERRIDE = "ops_threshold_override"
# of the scrape that comes every second: what the others saw is older, and would win where it is greater
JOB = 'job="service-thresholds"'
SAID = f"max by (signal, severity) ({OVERRIDE}{{{JOB}}})"
# while the service cannot be asked, what it said last holds: its restart must not change a level
HEARD = f"max(up{{{JOB}}} == 1)"
ALLOWED = (
    f"{SAID} >= on (signal) group_left () ops:threshold:least <= on (signal) group_left () "
    "ops:threshold:greatest"
)


def said(thresholds: Thresholds) -> Iterator[Recording]:
    """What the file says and allows."""
    for name, signal in thresholds.signals.items():
        for severity, level in signal.levels.given().items():
            labels = {"signal": name, "severity": severity}
            yield Recording("ops:threshold:file", f"vector({level:.10g})", labels)
    yield from bounds(thresholds)


def in_force() -> Iterator[Recording]:
    """What is overridden within those bounds, and what is in force."""
    kept = f"(ops:threshold:override unless on () {HEARD})"
    # a level that the signal does not have in the file cannot be added: no alert would look at it
    known = "and on (signal, severity) ops:threshold:file"
    yield Recording("ops:threshold:override", f"({ALLOWED} or {kept}) {known}")
    yield Recording("ops:threshold", "ops:threshold:override or on (signal, severity) ops:threshold:file")


def bounds(thresholds: Thresholds) -> Iterator[Recording]:
    """Between which levels an override may lie; a signal without a range has no such series."""
    for name, signal in thresholds.signals.items():
        if signal.range is not None:
            least, greatest = signal.range
            yield Recording("ops:threshold:least", f"vector({least:.10g})", {"signal": name})
            yield Recording("ops:threshold:greatest", f"vector({greatest:.10g})", {"signal": name})
