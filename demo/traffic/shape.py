"""How busy each hour of a day is."""

import math

NIGHT = 0.12


def busyness(point: float) -> float:
    """Share of the peak rate at a point of the day (0 and 1 are midnight): two humps and a quiet night."""
    hour = 24 * (point % 1)
    morning, afternoon = _hump(hour, 10.5, 2.0), 0.85 * _hump(hour, 15.5, 2.5)
    return NIGHT + (1 - NIGHT) * min(max(morning, afternoon) + 0.1 * morning * afternoon, 1.0)


def _hump(hour: float, middle: float, width: float) -> float:
    return math.exp(-(((hour - middle) / width) ** 2) / 2)
