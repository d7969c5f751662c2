"""How far one feature of a series lies outside of what it was lately, in units of its own range."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.bounds import Bounds, Floats
from exporter.anomaly.tuning import Tuning

# of a series that stands still, a move by this share of its size is as much as a range
STILL = 0.01
LEAST = 1e-9


class Sight(NamedTuple):
    """One feature row by row: how far outside its bounds, in ranges; not a number where not judged."""

    above: Floats
    below: Floats
    low: Floats
    high: Floats
    span: Floats

    def band(self, margin: float, around: Floats | float = 0.0) -> tuple[Floats, Floats]:
        """From where to where the feature may go, `margin` ranges beyond its bounds."""
        return around + self.low - margin * self.span, around + self.high + margin * self.span


class Outside:
    """Watches one feature; rows that are not a number are passed over."""

    def __init__(self, tuning: Tuning) -> None:
        self._learn = tuning.learn
        self._bounds = Bounds(tuning.window)

    def look(self, feature: Floats, size: Floats) -> Sight:
        """Each row against those before it; `size` is how large the values themselves are."""
        known = np.isfinite(feature)
        judged = self._bounds.seen + np.arange(np.count_nonzero(known)) >= self._learn
        bounds = self._bounds.before(feature[known])
        low, high = (spread(np.where(judged, bound, np.nan), known) for bound in bounds)
        span = np.maximum(np.maximum(high - low, STILL * size), LEAST)
        above, below = (np.maximum(far, 0) / span for far in (feature - high, low - feature))
        return Sight(above, below, low, high, span)


def spread(values: Floats, places: NDArray[np.bool_]) -> Floats:
    """The values at these places, not a number at the others."""
    whole = np.full(len(places), np.nan)
    whole[places] = values
    return whole
