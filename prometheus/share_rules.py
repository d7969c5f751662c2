"""The rules of a signal that is a share: its counts, the bound that is compared, what begins an alert.

Two windows are judged. The short one, in the expressions of the signal, sees what is frequent at once.
The long one of five minutes sees what is rare and lasts; module_status.py records it.
"""

from collections.abc import Iterator

from prometheus.freshness import (
    fresh_samples,
    last_fifth,
    newest_sample,
    recorded_now,
    unless_recovering,
    while_scraped,
)
from prometheus.rule_file import RecordingRule
from prometheus.significance import Share, greater, lesser
from prometheus.thresholds import Signal, one_line

TOTAL, BAD = "ops:signal:events", "ops:signal:bad_events"
PROVEN = "ops:signal:proven"  # the bound of the short window, where enough events are bad
# the bound as the fast lane compares it, and as it is recorded every 15 s for all shares
FAST, BOUND = "ops:signal:fast", "ops:signal:bound"
LATEST = "ops:signal:latest"
# the long window: what begins an alert, and what keeps one
LASTING, STILL_LASTING = "ops:signal:lasting", "ops:signal:still_lasting"


def share_rules(name: str, signal: Signal) -> Iterator[RecordingRule]:
    """The counts of the window, the bound, and the value that begins an alert."""
    share = share_of(signal)
    yield _rule(TOTAL, while_scraped(one_line(share.total), signal.lane), name)
    yield _rule(BAD, bad_events(name, signal), name)
    bad, by = _now(BAD, name), signal.by
    total = _now(TOTAL, name)
    yield _rule(PROVEN, share.significance.lower(bad, total, _on(signal)), name)
    record = FAST if signal.lane == "fast" else BOUND
    yield _rule(record, share.value(bound(name, signal), total, by), name)
    latest = share.value(begin_share(name, signal), total, by)
    yield _rule(LATEST, unless_recovering(latest) if signal.lane == "fast" else latest, name)


def share_of(signal: Signal) -> Share:
    """The share of a signal that has one. Raises ValueError."""
    if signal.share is None:
        raise ValueError(f"{signal.alert} has no share; expected one")
    return signal.share


def bad_events(name: str, signal: Signal) -> str:
    """The bad events of the window; by bucket those that took longer."""
    share = share_of(signal)
    if share.bad:
        return while_scraped(one_line(share.bad), signal.lane)
    within = while_scraped(one_line(share.within or ""), signal.lane)
    return f"{_now(TOTAL, name)} - on ({', '.join(signal.by)}) group_right () ({within})"


def bound(name: str, signal: Signal) -> str:
    """The share that is compared with the level: the bound of the short window, or what still lasts."""
    share = share_of(signal)
    keys = share.keys(signal.by)
    if not share.lasting:
        return f"max by ({keys}) ({_now(PROVEN, name)})"
    return greater(_now(PROVEN, name), _long(STILL_LASTING, name), keys)


def begin_share(name: str, signal: Signal) -> str:
    """The share that must pass the level for an alert to begin."""
    share = share_of(signal)
    keys, now = share.keys(signal.by), _latest(signal)
    if not share.lasting:
        return now
    return greater(lesser(_now(PROVEN, name), now, keys), _long(LASTING, name), keys)


def _latest(signal: Signal) -> str:
    """The share of the latest events."""
    expression = signal.going_on or last_fifth(one_line(share_of(signal).latest(signal.by)))
    return f"({fresh_samples(one_line(expression), signal.lane)})"


def _on(signal: Signal) -> str:
    """How a count by bucket finds the total."""
    return f"on ({', '.join(signal.by)}) group_left ()"


def _now(series: str, name: str) -> str:
    return recorded_now(f'{series}{{signal="{name}"}}')


def _long(series: str, name: str) -> str:
    return newest_sample(f'{series}{{signal="{name}"}}', "slow")


def _rule(record: str, expression: str, name: str) -> RecordingRule:
    return RecordingRule(record, expression, {"signal": name})
