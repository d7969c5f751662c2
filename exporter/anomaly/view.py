"""How a watched series is, as it is told."""

from typing import NamedTuple

LEARNING, NORMAL, ANOMALOUS = "learning", "normal", "anomalous"
STATES = (LEARNING, NORMAL, ANOMALOUS)


class View(NamedTuple):
    """How a series is: its newest value, the band in which that was expected, and what follows."""

    value: float
    lower: float
    upper: float
    score: float | None
    state: str
    direction: int
