"""How many firing alerts each firing alert hides, by the very list that Alertmanager inhibits by."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from alertmanager.inhibitions import rules as inhibitions
from prometheus.rule import Recording

HIDES = "ops:alert:hides"


def rule() -> Recording:
    """The count for every firing alert, 0 for one that hides none.

    An alert hides others as their cause, and milder ones of its own name: never the same ones by both.
    """
    causes: list[str] = []
    graver: list[str] = []
    for (source, equal), targets in by_source(inhibitions()).items():
        (causes if "alertname" in source else graver).append(count(source, targets, equal))
    cause, grave = " or ".join(causes), " or ".join(graver)
    every = f"0 * {firing()}"
    return Recording(HIDES, f"(({cause}) or {every}) + (({grave}) or {every})")


def by_source(rules: Iterable[Mapping[str, Any]]) -> dict[tuple[str, tuple[str, ...]], list[str]]:
    """The selectors of what is inhibited, by what inhibits it and the labels that both share."""
    found: dict[tuple[str, tuple[str, ...]], list[str]] = {}
    for it in rules:
        source = ",".join(it["source_matchers"])
        found.setdefault((source, tuple(it.get("equal", ()))), []).append(",".join(it["target_matchers"]))
    return found


def count(source: str, targets: Sequence[str], equal: Sequence[str]) -> str:
    """Of each alert of this source the number of these targets with the same labels."""
    together = " or ".join(firing(it) for it in targets)
    labels = ", ".join(equal)
    return f"0 * {firing(source)} + on ({labels}) group_left () count by ({labels}) ({together})"


def firing(matchers: str = "") -> str:
    """The firing alerts of these matchers."""
    every = 'alertstate="firing"'
    return f"ALERTS{{{every},{matchers}}}" if matchers else f"ALERTS{{{every}}}"
