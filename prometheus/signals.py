"""From each signal of thresholds.yml: its value as a series, and its alerts."""

import re
from collections.abc import Iterable, Iterator

from prometheus.fresh import just_recorded, newest
from prometheus.links import Story
from prometheus.recovery import unless_recovering
from prometheus.rule import Alert, Recording
from prometheus.signal import Signal

FORMATS = {
    "ratio": "humanizePercentage",
    "seconds": "humanizeDuration",
    "bytes": "humanize1024",
    "count": "humanize",
    # humanize would write 0.2 as 200m
    "per_second": 'printf "%.3g"',
    "state": "humanize",
}
# a page ends only when the cause has been gone for this long, so that one good scrape does not end it
KEEP = {"fast": "2s", "slow": "1m"}
PAST = ("1h", "1d")
VALUE, FAST, LATEST = "ops:signal", "ops:signal:fast", "ops:signal:latest"
Named = tuple[str, Signal]


def values(signals: Iterable[Named]) -> Iterator[Recording]:
    """The value of each signal under one name, for alerts, panels, trends and anomaly detection."""
    for name, signal in signals:
        # what the fast lane has recorded already is taken from there
        again = signal.lane == "fast" and signal.over_time
        value = newest(recorded(FAST, name), "fast") if again else signal.value()
        yield Recording(VALUE, value, {"signal": name})
        if signal.lingers and signal.lane == "slow":
            yield latest(name, signal)


def fast_values(signals: Iterable[Named]) -> Iterator[Recording]:
    """The value of each fast signal that is dear to compute, once for all of its levels."""
    for name, signal in signals:
        yield Recording(FAST, signal.value(), {"signal": name})
        if signal.lingers:
            yield latest(name, signal)


def latest(name: str, signal: Signal) -> Recording:
    """The value of the last moments, without which no alert may begin."""
    value = signal.latest()
    return Recording(LATEST, unless_recovering(value) if signal.lane == "fast" else value, {"signal": name})


def trends() -> Iterator[Recording]:
    """By how much each signal has changed since one hour and one day ago."""
    now = newest(VALUE, "slow")
    return (Recording(f"ops:signal:change_{past}", f"{now} - {VALUE} offset {past}") for past in PAST)


def alerts(signals: Iterable[Named]) -> Iterator[Alert]:
    """The alerts of these signals, one for each level."""
    for name, signal in signals:
        for severity in signal.levels.given():
            yield alert(name, signal, severity)


def alert(name: str, signal: Signal, severity: str) -> Alert:
    """The alert of one level, compared against the level in force."""
    level = f'ops:threshold{{signal="{name}",severity="{severity}"}}'
    sign = ">" if signal.direction == "above" else "<"
    passed = f"{sign} on () group_left () {in_force(level, signal)}"
    return Alert(
        alert=signal.alert,
        expr=f"{read(name, signal)} {passed}{begins(name, signal, severity, passed)}",
        severity=severity,
        lane=signal.lane,
        hold=signal.hold,
        keep=KEEP[signal.lane],
        labels={"signal": name},
        annotations=story(signal, level).annotations(),
    )


def in_force(level: str, signal: Signal) -> str:
    """The level; every second there is one, of which the fast lane reads the last few instead of minutes."""
    return f"last_over_time({level}[5s])" if signal.lane == "fast" else level


def read(name: str, signal: Signal) -> str:
    """Where an alert finds the value: what was recorded, or in the fast lane the newest scrape itself."""
    if signal.lane == "slow":
        return just_recorded(recorded(VALUE, name))
    return just_recorded(recorded(FAST, name)) if signal.over_time else f"({signal.value()})"


def begins(name: str, signal: Signal, severity: str, passed: str) -> str:
    """That what passed the level goes on, or was told while it did.

    What leaves a window can lift its ratio over the level long after the cause has ended.
    """
    if not signal.lingers:
        return ""
    on = f"on ({', '.join(signal.by)})"
    told = newest(
        f'ALERTS{{alertname="{signal.alert}",severity="{severity}",alertstate="firing"}}', signal.lane
    )
    return f" and {on} ({just_recorded(recorded(LATEST, name))} {passed} or {told})"


def recorded(series: str, name: str) -> str:
    """What was recorded of this signal."""
    return f'{series}{{signal="{name}"}}'


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
    words = {
        "value": f"{{{{ $value | {humanize} }}}}",
        "level": f"{{{{ with query `{level}` }}}}{{{{ . | first | value | {humanize} }}}}{{{{ end }}}}",
        **{name: f"{{{{ $labels.{name} }}}}" for name in signal.by},
    }
    return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], text)
