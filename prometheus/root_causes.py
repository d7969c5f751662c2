"""Alerts that hide others as their root cause: how many they hide, and what stays hidden after them."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from alertmanager.inhibitions import INHIBITOR, LATE_INHIBITIONS, present_inhibitions
from prometheus.freshness import Lane
from prometheus.meta_alerts import MetaAlert
from prometheus.rule_file import RecordingRule

# Consequences end after their cause: by their windows, the time that they are kept, the next health check.
# The cause alone would hide them until it ends, and then they would be told.
ENDED_SINCE: dict[Lane, str] = {"fast": "30s", "slow": "7m"}


def inhibitor(lane: Lane) -> MetaAlert:
    """The alert that fires while a root cause does, and for as long after it as consequences of this lane."""
    return MetaAlert(
        INHIBITOR,
        f"{recent_causes(ENDED_SINCE[lane])} > 0",
        "info",
        "0s",
        "{{ $labels.cause }} fires, or ended a moment ago",
        "Nobody is told of it. While it fires, Alertmanager tells no consequences of {{ $labels.cause }}.",
        "any root cause",
        keep="0s",
        lane=lane,
    )


def recent_causes(ended: str) -> str:
    """Root causes that fire or have ended since, by their names as `cause`.

    Of critical ones alone: each of their starts is told, so nothing is hidden of which nobody knows.
    """
    names = "|".join(it.source for it in LATE_INHIBITIONS)
    fired = firing_alerts(f'alertname=~"{names}",severity="critical"')
    named = f'label_replace(max_over_time({fired}[{ended}]), "cause", "$1", "alertname", "(.+)")'
    return f"max by (cause, module) ({named})"


HIDES, HIDES_OTHERS = "ops:alert:hides", "ops:alert:hides_others"


def hides_rules() -> Iterator[RecordingRule]:
    """How many firing alerts each firing alert inhibits, by the list that Alertmanager uses.

    An alert inhibits others as their cause, and milder alerts of its own name. The two sets never overlap.
    """
    by_cause: list[str] = []
    by_severity: list[str] = []
    for (source, equal), targets in targets_by_source(present_inhibitions()).items():
        counts = by_cause if "alertname" in source else by_severity
        counts.append(hidden_count(source, targets, equal))
    none = f"0 * {firing_alerts()}"
    both = (f"(({' or '.join(counts)}) or {none})" for counts in (by_cause, by_severity))
    yield RecordingRule(HIDES, " + ".join(both))
    yield RecordingRule(HIDES_OTHERS, f"({' or '.join(by_cause)}) > 0")


def targets_by_source(rules: Iterable[Mapping[str, Any]]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """The matchers of inhibited alerts, by the matchers of their source and the labels that must be equal."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for it in rules:
        source = ",".join(it["source_matchers"])
        found.setdefault((source, tuple(it.get("equal", ()))), []).append(",".join(it["target_matchers"]))
    return found


def hidden_count(source: str, targets: Sequence[str], equal: Sequence[str]) -> str:
    """For each source alert the number of target alerts with equal labels."""
    together = " or ".join(firing_alerts(it) for it in targets)
    labels = ", ".join(equal)
    return f"0 * {firing_alerts(source)} + on ({labels}) group_left () count by ({labels}) ({together})"


def firing_alerts(matchers: str = "") -> str:
    """The selector of firing alerts with these matchers."""
    every = 'alertstate="firing"'
    return f"ALERTS{{{every},{matchers}}}" if matchers else f"ALERTS{{{every}}}"
