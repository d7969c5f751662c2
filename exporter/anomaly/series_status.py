"""How a watched series is, as it is told."""

from typing import NamedTuple

LEARNING, NORMAL, ANOMALOUS = "learning", "normal", "anomalous"
STATES = (LEARNING, NORMAL, ANOMALOUS)


class SeriesStatus(NamedTuple):
    """How a series is: its newest value, the band in which that was expected, and what follows.

    State and direction are those of strong marks: `grade` alone tells of the weak ones.
    """

    value: float
    lower: float
    upper: float
    score: float | None
    state: str
    grade: int
    direction: int
