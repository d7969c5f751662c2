"""Series as they are seen in a backend, made up: a day's wave with noise, and what can happen to it."""

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
MINUTE, DAY = 60.0, 86_400.0
START = 1_700_000_000.0 // DAY * DAY


def minutes(days: float) -> Floats:
    """Times a minute apart."""
    return np.arange(START, START + days * DAY, MINUTE)


def daily(times: Floats, size: float = 100.0, seed: int = 7) -> Floats:
    """Traffic that peaks in the afternoon of every day, with a little noise."""
    noise: Floats = np.random.default_rng(seed).normal(0, 0.03, len(times))
    wave: Floats = np.sin(2 * np.pi * (times % DAY) / DAY - 2)
    return size * (1.2 + wave + noise)


def level(times: Floats, size: float = 0.2, seed: int = 7) -> Floats:
    """Something that stays about the same."""
    noise: Floats = np.random.default_rng(seed).normal(0, 0.05, len(times))
    return size * (1 + noise)
