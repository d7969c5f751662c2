"""The rules of each signal of thresholds.yml: its value, its trend and its alerts."""

import re
from collections.abc import Iterable, Iterator

from prometheus.annotations import AlertAnnotations
from prometheus.freshness import newest_sample, recorded_now
from prometheus.rule_file import AlertRule, RecordingRule
from prometheus.share_rules import BOUND, LATEST, held_bound, share_rules, signal_series
from prometheus.thresholds import Signal

TEMPLATE_FORMATS = {
    "ratio": "humanizePercentage",
    "seconds": "humanizeDuration",
    "bytes": "humanize1024",
    "count": "humanize",
    # humanize would write 0.2 as 200m
    "per_second": 'printf "%.3g"',
    "state": "humanize",
}
# an alert resolves only after this long, so that one good scrape does not resolve it
KEEP_FIRING = {"fast": "2s", "slow": "1m"}
TREND_OFFSETS = ("1h", "1d")
VALUE = "ops:signal"
NamedSignal = tuple[str, Signal]


def value_rules(signals: Iterable[NamedSignal]) -> Iterator[RecordingRule]:
    """The value of each signal as `ops:signal`, for panels and anomaly detection, and what is judged."""
    for name, signal in signals:
        yield RecordingRule(VALUE, signal.value_expr(), {"signal": name})
        if signal.share and signal.lane == "fast":
            yield RecordingRule(BOUND, held_bound(name), {"signal": name})
        elif signal.share:
            yield from share_rules(name, signal)
        elif signal.outlives_cause:
            yield RecordingRule(LATEST, signal.latest_expr(), {"signal": name})


def trend_rules() -> Iterator[RecordingRule]:
    """The change of each signal since one hour and one day ago."""
    now = newest_sample(VALUE, "slow")
    return (
        RecordingRule(f"ops:signal:change_{past}", f"{now} - {VALUE} offset {past}") for past in TREND_OFFSETS
    )


def alert_rules(signals: Iterable[NamedSignal]) -> Iterator[AlertRule]:
    """The alerts of these signals, one per level."""
    for name, signal in signals:
        for severity in signal.levels.given():
            yield alert_rule(name, signal, severity)


def alert_rule(name: str, signal: Signal, severity: str) -> AlertRule:
    """The alert of one severity, which compares with the level in force."""
    level = f'ops:threshold{{signal="{name}",severity="{severity}"}}'
    sign = ">" if signal.direction == "above" else "<"
    passed = f"{sign} on () group_left () {level_in_force(level, signal)}"
    return AlertRule(
        alert=signal.alert,
        expr=alert_expr(name, signal, severity, passed),
        severity=severity,
        lane=signal.lane,
        hold=signal.hold,
        keep=KEEP_FIRING[signal.lane],
        labels={"signal": name},
        annotations=annotations(signal, level).annotations(),
    )


def level_in_force(level: str, signal: Signal) -> str:
    """The series of the level; the fast lane reads a short range, which is cheaper."""
    return f"last_over_time({level}[5s])" if signal.lane == "fast" else level


def alert_value(name: str, signal: Signal) -> str:
    """The value that an alert compares: the recorded series, or in the fast lane the newest sample."""
    if signal.share and signal.lane == "fast":
        return held_bound(name)
    if signal.share:
        return recorded_now(signal_series(BOUND, name))
    return recorded_now(signal_series(VALUE, name)) if signal.lane == "slow" else f"({signal.value_expr()})"


def alert_expr(name: str, signal: Signal, severity: str, passed: str) -> str:
    """The condition of the alert: its value passes the level, and its cause goes on or it fires already.

    Good events that leave the range can lift a ratio over its level long after the cause has ended.
    """
    value = alert_value(name, signal)
    if not signal.outlives_cause:
        return f"{value} {passed}"
    on, latest = f"on ({', '.join(signal.by)})", recorded_now(signal_series(LATEST, name))
    told = newest_sample(
        f'ALERTS{{alertname="{signal.alert}",severity="{severity}",alertstate="firing"}}', signal.lane
    )
    if signal.share and signal.share.lasting:
        # what goes on is never more than the value, so the level is compared once
        return f"({value} and {on} {told} or {latest}) {passed}"
    return f"{value} {passed} and {on} ({latest} {passed} or {told})"


def annotations(signal: Signal, level: str) -> AlertAnnotations:
    """The texts and links of this signal's alerts."""
    return AlertAnnotations(
        alert=signal.alert,
        summary=fill_template(signal.summary, signal, level),
        description=fill_template(signal.description, signal, level),
        dashboard=signal.dashboard,
        action=signal.action,
        labels=signal.by,
    )


def fill_template(text: str, signal: Signal, level: str) -> str:
    """The text with {value}, {level} and {label} replaced by templates of Prometheus."""
    humanize = TEMPLATE_FORMATS[signal.unit]
    words = {
        "value": f"{{{{ $value | {humanize} }}}}",
        "level": f"{{{{ with query `{level}` }}}}{{{{ . | first | value | {humanize} }}}}{{{{ end }}}}",
        **{name: f"{{{{ $labels.{name} }}}}" for name in signal.by},
    }
    return re.sub(r"\{(\w+)\}", lambda match: words[match[1]], text)
