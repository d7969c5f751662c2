"""The rules of a signal that is a share: its counts, the bound that is compared, what begins an alert.

Two windows are judged. The short one, in the expressions of the signal, sees what is frequent at once.
The long one of five minutes sees what is rare and lasts; module_status.py records it.
"""

from collections.abc import Iterator, Mapping

from prometheus.freshness import (
    WINDOW,
    fresh_samples,
    last_fifth,
    longest_window,
    newest_sample,
    recorded_now,
    recorded_within,
    unless_recovering,
    until_read,
    while_sampled,
    while_scraped,
)
from prometheus.rule_file import RecordingRule
from prometheus.significance import Share, greater, lesser
from prometheus.thresholds import Signal, one_line

TOTAL, BAD = "ops:signal:events", "ops:signal:bad_events"
ENOUGH = "ops:signal:enough_bad_events"  # of fast signals, where there are enough of them to judge
PROVEN = "ops:signal:proven"  # the bound of the short window, where enough events are bad
# the bound as the fast lane compares it, and as it is recorded every 15 s for all shares
FAST, BOUND = "ops:signal:fast", "ops:signal:bound"
LATEST = "ops:signal:latest"
# the long window: what begins an alert, and what keeps one
LASTING, STILL_LASTING = "ops:signal:lasting", "ops:signal:still_lasting"


def share_rules(name: str, signal: Signal) -> Iterator[RecordingRule]:
    """The counts of the window, the bound, and the value that begins an alert."""
    judge, on = share_of(signal).significance, f"on ({', '.join(signal.by)}) group_left ()"
    yield _rule(TOTAL, events(signal), name)
    total = _now(TOTAL, name)
    yield _rule(BAD, f"({bad_events(signal, total)}) and on ({', '.join(signal.by)}) {total}", name)
    yield _rule(PROVEN, judge.lower(_now(BAD, name), total, on), name)
    yield from judged_rules(name, signal, total)


def fast_share_rules(signals: Mapping[str, Signal]) -> Iterator[RecordingRule]:
    """What begins an alert on a share of the fast lane, with one bound for all of them, which costs less."""
    if not signals:
        return
    for name, signal in signals.items():
        yield from enough_rules(name, signal)
    yield proven_rule(signals)
    for name, signal in signals.items():
        # nothing but the alert reads the latest of a fast signal, and it compares the bound as well
        known = _known(_now(PROVEN, name), LASTING, name, signal)
        latest = share_of(signal).value(begin_share(name, signal), known, signal.by)
        yield _rule(LATEST, unless_recovering(latest), name)


def held_share_rules(signals: Mapping[str, Signal]) -> Iterator[RecordingRule]:
    """The bound of each share of the fast lane: it keeps an alert, so once a second is often enough."""
    for name, signal in signals.items():
        proven = recorded_within(signal_series(PROVEN, name), "1s")
        known = _known(proven, STILL_LASTING, name, signal)
        value = share_of(signal).value(bound(proven, name, signal), known, signal.by)
        yield _rule(FAST, until_read(value, signal_series(FAST, name), ", ".join(signal.by)), name)


def held_bound(name: str) -> str:
    """The bound of a share of the fast lane as it was last recorded."""
    return recorded_within(signal_series(FAST, name), "2s")


def signal_series(series: str, name: str) -> str:
    """The selector of a recorded series of this signal."""
    return f'{series}{{signal="{name}"}}'


def enough_rules(name: str, signal: Signal) -> Iterator[RecordingRule]:
    """The bad events where there are enough to judge, and all events there.

    Mostly there are none: what is read of them four times a second then costs next to nothing.
    """
    share = share_of(signal)
    total = fresh_samples(one_line(share.total), signal.lane)
    bad = while_scraped(bad_events(signal, f"({total})"), signal.lane)
    yield _rule(ENOUGH, share.significance.enough(f"({bad})"), name)
    yield _rule(TOTAL, f"({total}) and on ({', '.join(signal.by)}) {_now(ENOUGH, name)}", name)


def proven_rule(signals: Mapping[str, Signal]) -> RecordingRule:
    """The bound of the short window of these signals. Raises ValueError where they are not judged alike."""
    first, *others = signals.values()
    judge = share_of(first).significance
    if any((it.by, share_of(it).significance) != (first.by, judge) for it in others):
        raise ValueError(f"{', '.join(signals)} differ in by or significance; expected the same of all")
    on = f"on ({', '.join([*first.by, 'signal'])}) group_left ()"
    return RecordingRule(PROVEN, judge.lower_of(recorded_now(ENOUGH), _now(TOTAL, *signals), on))


def judged_rules(name: str, signal: Signal, judged: str) -> Iterator[RecordingRule]:
    """The value that is compared with the levels, and the one that begins an alert, of what `judged` has."""
    share = share_of(signal)
    yield _rule(BOUND, share.value(bound(_now(PROVEN, name), name, signal), judged, signal.by), name)
    latest = share.value(begin_share(name, signal), judged, signal.by)
    yield _rule(LATEST, _while_sampled(latest, signal), name)


def share_of(signal: Signal) -> Share:
    """The share of a signal that has one. Raises ValueError."""
    if signal.share is None:
        raise ValueError(f"{signal.alert} has no share; expected one")
    return signal.share


def events(signal: Signal) -> str:
    """The events of the window, while the exporter is scraped."""
    return while_scraped(one_line(share_of(signal).total), signal.lane)


def bad_events(signal: Signal, total: str) -> str:
    """The bad events of the window; by bucket those of all events that took longer."""
    share, by = share_of(signal), ", ".join(signal.by)
    if share.bad:
        return fresh_samples(one_line(share.bad), signal.lane)
    within = fresh_samples(one_line(share.within or ""), signal.lane)
    return f"{total} - on ({by}) group_right () ({within})"


def bound(proven: str, name: str, signal: Signal) -> str:
    """The share that is compared with the level: the bound of the short window, or what still lasts."""
    share = share_of(signal)
    keys = share.keys(signal.by)
    return (
        greater(proven, _long(STILL_LASTING, name), keys) if share.lasting else f"max by ({keys}) ({proven})"
    )


def begin_share(name: str, signal: Signal) -> str:
    """The share that must pass the level for an alert to begin."""
    keys, now = share_of(signal).keys(signal.by), _latest(signal)
    if not share_of(signal).lasting:
        return now
    return greater(lesser(_now(PROVEN, name), now, keys), _long(LASTING, name), keys)


def _known(proven: str, long: str, name: str, signal: Signal) -> str:
    """What may be bad in the short window or in the long one: mostly nothing, so reading it costs little."""
    return f"({proven} or {_long(long, name)})" if share_of(signal).lasting else proven


def _latest(signal: Signal) -> str:
    """The share of the latest events."""
    expression = signal.going_on or last_fifth(one_line(share_of(signal).latest(signal.by)))
    return f"({fresh_samples(one_line(expression), signal.lane)})"


def _while_sampled(expression: str, signal: Signal) -> str:
    total = share_of(signal).total
    if not WINDOW.search(total):
        return expression
    return while_sampled(expression, longest_window(total), signal.lane)


def _now(series: str, *names: str) -> str:
    same = "=" if len(names) == 1 else "=~"
    return recorded_now(f'{series}{{signal{same}"{"|".join(names)}"}}')


def _long(series: str, name: str) -> str:
    return newest_sample(signal_series(series, name), "slow")


def _rule(record: str, expression: str, name: str) -> RecordingRule:
    return RecordingRule(record, expression, {"signal": name})
