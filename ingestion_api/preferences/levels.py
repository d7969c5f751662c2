"""Which levels may be set for a signal, and which are in force: as Prometheus judges, so that both agree."""

from collections.abc import Mapping
from itertools import pairwise

from ingestion_api.preferences.signals import Signal


def levels_error(name: str, signal: Signal, wanted: Mapping[str, float]) -> str:
    """Why these levels may not be set, in one sentence; empty where they may."""
    known = " or ".join(signal.given())
    if signal.range is None:
        return f"{name} has no range in thresholds.yml; its levels can only be changed in that file."
    if not wanted:
        return f"No level of {name} is given; expected {known}."
    for severity, level in wanted.items():
        if severity not in signal.given():
            return f"{name} has no level {severity!r}; expected {known}."
        if not _is_within_bounds(signal, level):
            least, greatest = map(format_level, signal.range)
            return f"{severity} of {name} is {format_level(level)}; expected {least} to {greatest}."
    return _order_error(name, signal, {**signal.given(), **wanted})


def levels_in_force(signal: Signal, wanted: Mapping[str, float]) -> dict[str, float]:
    """The level of each severity: the one that was set where it may be, else the file's."""
    return {
        severity: wanted[severity]
        if severity in wanted and _is_within_bounds(signal, wanted[severity])
        else level
        for severity, level in signal.given().items()
    }


def format_level(level: float) -> str:
    """A level as people write it: 100, not 100.0."""
    return f"{level:.10g}"


def _is_within_bounds(signal: Signal, level: float) -> bool:
    return signal.range is not None and signal.range[0] <= level <= signal.range[1]


def _order_error(name: str, signal: Signal, levels: Mapping[str, float]) -> str:
    above = signal.direction == "above"
    for (mild, low), (severe, high) in pairwise(levels.items()):
        if low >= high if above else low <= high:
            side = "less" if above else "more"
            return (
                f"{mild} of {name} is {format_level(low)}, beyond its {severe} {format_level(high)}; "
                f"expected {side} than that."
            )
    return ""
