"""The levels of thresholds.yml as panels draw them: colours of numbers, units, and what a signal means."""

from functools import cache
from typing import Any

from grafana.palette import steps
from prometheus.thresholds import Signal, Thresholds, load

UNITS = {
    "ratio": "percentunit",
    "seconds": "s",
    "count": "short",
    "bytes": "bytes",
    "state": "none",
    "per_second": "cps",
}


@cache
def thresholds() -> Thresholds:
    """The file, read once."""
    return load()


def signal(name: str) -> Signal:
    """One signal of the file. Raises KeyError where it has none of this name."""
    return thresholds().signals[name]


def colours(name: str) -> dict[str, Any]:
    """The field settings that colour a number by the levels of this signal."""
    it = signal(name)
    return {"thresholds": steps(it.levels.given(), it.direction), "color": {"mode": "thresholds"}}


def unit(name: str) -> str:
    """The unit of this signal in Grafana's words."""
    return UNITS[signal(name).unit]


def signals_of(board: str) -> list[str]:
    """The signals whose alerts lead to this dashboard."""
    return [name for name, it in thresholds().signals.items() if it.dashboard == board]
