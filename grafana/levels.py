"""The signals of thresholds.yml as panels show them: their units, meanings and dashboards."""

from difflib import get_close_matches
from functools import cache

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
    """One signal of the file. Raises ValueError where it has none of this name."""
    there = thresholds().signals
    if name not in there:
        near = get_close_matches(name, there, n=3, cutoff=0)
        raise ValueError(f"{name!r} is no signal of thresholds.yml; expected one such as {', '.join(near)}")
    return there[name]


def unit(name: str) -> str:
    """The unit of this signal in Grafana's words."""
    return UNITS[signal(name).unit]


def signals_of(board: str) -> list[str]:
    """The signals whose alerts lead to this dashboard."""
    return [name for name, it in thresholds().signals.items() if it.dashboard == board]
