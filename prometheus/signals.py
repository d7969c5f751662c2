"""From each signal of thresholds.yml: its value as a series, its levels as series, and its alerts."""

import re
from collections.abc import Iterator

from prometheus.links import Story
from prometheus.rule import Alert, Recording
from prometheus.thresholds import Signal, Thresholds

FORMATS = {
    "ratio": "humanizePercentage",
    "seconds": "humanizeDuration",
    "bytes": "humanize1024",
    "count": "humanize",
    "per_second": "humanize",
    "state": "humanize",
}
# a page ends only when the cause has been gone for this long, so that one good scrape does not end it
FAST_KEEP = "2s"
SLOW_KEEP = "1m"


def levels(thresholds: Thresholds) -> Iterator[Recording]:
    """The levels of the file, and the levels in force: an override from the preferences page wins."""
    for name, signal in thresholds.signals.items():
        for severity, level in signal.levels.given().items():
            yield Recording(
                "ops:threshold:file", f"vector({level:g})", {"signal": name, "severity": severity}
            )
    yield Recording(
        "ops:threshold",
        "max by (signal, severity) (ops_threshold_override) or on (signal, severity) ops:threshold:file",
    )


def values(thresholds: Thresholds) -> Iterator[Recording]:
    """The value of each signal under one name, for panels, trends and anomaly detection."""
    for name, signal in thresholds.signals.items():
        yield Recording("ops:signal", signal.value(), {"signal": name})


def trends() -> Iterator[Recording]:
    """By how much each signal has changed since one hour and one day ago."""
    for past in ("1h", "1d"):
        yield Recording(f"ops:signal:change_{past}", f"ops:signal - ops:signal offset {past}")


def alerts(thresholds: Thresholds, lane: str) -> Iterator[Alert]:
    """The alerts of one lane, for each level of each signal."""
    for name, signal in thresholds.signals.items():
        if signal.lane != lane:
            continue
        for severity in signal.levels.given():
            yield alert(name, signal, severity)


def alert(name: str, signal: Signal, severity: str) -> Alert:
    """The alert of one level, compared against the level in force."""
    sign = ">" if signal.direction == "above" else "<"
    level = f'ops:threshold{{signal="{name}",severity="{severity}"}}'
    # the fast lane reads its own scrape, the slow lane what was recorded
    value = f"({signal.value()})" if signal.lane == "fast" else f'ops:signal{{signal="{name}"}}'
    return Alert(
        alert=signal.alert,
        expr=f"{value} {sign} on () group_left () {level}",
        severity=severity,
        lane=signal.lane,
        hold=signal.hold,
        keep=FAST_KEEP if signal.lane == "fast" else SLOW_KEEP,
        labels={"signal": name},
        annotations=story(signal, level).annotations(),
    )


def story(signal: Signal, level: str) -> Story:
    """What a person is told of this signal."""
    return Story(
        alert=signal.alert,
        summary=filled(signal.summary, signal, level),
        description=filled(signal.description, signal, level),
        dashboard=signal.dashboard,
        action=signal.action,
        labels=signal.by,
    )


def filled(text: str, signal: Signal, level: str) -> str:
    """The text with {value}, {level} and {label} as Prometheus' own templates."""
    humanize = FORMATS[signal.unit]
    in_force = f"{{{{ with query {level!r} }}}}{{{{ . | first | value | {humanize} }}}}{{{{ end }}}}"

    def template(match: re.Match[str]) -> str:
        name = match[1]
        if name == "value":
            return f"{{{{ $value | {humanize} }}}}"
        return in_force.replace("'", "`") if name == "level" else f"{{{{ $labels.{name} }}}}"

    return re.sub(r"\{(\w+)\}", template, text)
