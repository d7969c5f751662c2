"""The rolling minimum and maximum of each feature, and how far outside of them a row lies.

The window holds the extremes of blocks of rows, so that a series costs little memory and a row little time.
Values far outside are clipped before they enter: one spike must not hide the next.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from exporter.anomaly.parameters import Parameters

Floats = NDArray[np.float64]
Places = NDArray[np.intp]
BLOCKS = 50  # that a window is made of
# for a flat series, a move by this ratio of its size counts as one range
FLAT_SHARE = 0.01
MIN_SPAN = 1e-9
# rows that are tried at once, on the assumption that none must be clipped
FEW_ROWS, MANY_ROWS = 16, 4096


class RangeScores(NamedTuple):
    """Features against their bounds, all of one shape: how far outside, in ranges; NaN where unknown."""

    above: Floats
    below: Floats
    low: Floats
    high: Floats
    span: Floats


def score_ranges(features: Floats, low: Floats, high: Floats, size: Floats) -> RangeScores:
    """How far features lie outside of these bounds; `size` is the size of the values themselves."""
    span = np.maximum(np.maximum(high - low, FLAT_SHARE * size), MIN_SPAN)
    return RangeScores(
        np.maximum(features - high, 0) / span, np.maximum(low - features, 0) / span, low, high, span
    )


class RollingRanges:
    """The windows of several features of many series; NaN is skipped.

    Extremes are held as the minimum of a feature and the minimum of its negative.
    """

    def __init__(self, parameters: Parameters, series: int, features: int) -> None:
        self._rows = max(parameters.window // BLOCKS, 1)
        self._learn, self._clip = parameters.learn, parameters.clip
        # no more than a window, so that a block is replaced once at most
        self._many = min(MANY_ROWS, (BLOCKS - 1) * self._rows)
        # np.empty takes no memory before `clear` touches it
        self.counts = np.empty((series, features), dtype=np.int64)
        self._ring = np.empty((series, features, 2, BLOCKS))
        self._past = np.empty((series, features, 2))
        self._now = np.empty((series, features, 2))

    def clear(self, place: int) -> None:
        """Forget what was at this place."""
        self.counts[place] = 0
        for kept in (self._ring, self._past, self._now):
            kept[place] = np.inf

    def round(self, places: Places, features: Floats, size: Floats) -> RangeScores:
        """One row of each of these series: features of shape (series, features), sizes of the same shape."""
        least = np.minimum(self._past[places], self._now[places])
        judged = self.counts[places] >= self._learn
        low = np.where(judged, least[..., 0], np.nan)
        high = np.where(judged, -least[..., 1], np.nan)
        found = score_ranges(features, low, high, size)
        entering = np.fmin(np.fmax(features, low - self._clip * found.span), high + self._clip * found.span)
        entering = np.where(np.isfinite(features), entering, np.inf)
        signed = np.stack((entering, np.where(np.isfinite(features), -entering, np.inf)), axis=-1)
        self._now[places] = np.minimum(self._now[places], signed)
        self.counts[places] += np.isfinite(features)
        full = np.isfinite(features) & (self.counts[places] % self._rows == 0)
        if full.any():
            rows, columns = np.nonzero(full)
            self._close(places[rows], columns)
        return found

    def _close(self, places: Places, columns: Places) -> None:
        """Begin a new block where one is full."""
        block = (self.counts[places, columns] // self._rows - 1) % BLOCKS
        self._ring[places, columns, :, block] = self._now[places, columns]
        self._past[places, columns] = self._ring[places, columns].min(axis=-1)
        self._now[places, columns] = np.inf

    def rows(self, place: int, feature: int, values: Floats, size: Floats, found: Floats) -> None:
        """Many rows of one feature of one series; `found` of shape (5, rows) takes their RangeScores."""
        known = np.isfinite(values)
        if known.all():
            self._rows_known(place, feature, values, size, found)
            return
        scores = np.empty((len(found), int(known.sum())))
        self._rows_known(place, feature, values[known], size[known], scores)
        found[:] = np.nan
        found[:, known] = scores

    def _rows_known(self, place: int, feature: int, values: Floats, size: Floats, found: Floats) -> None:
        """The same for finite values: the window is read part by part, up to the next row to clip."""
        begin, step, many = 0, self._many, self._many
        while begin < len(values):
            part = slice(begin, begin + step)
            bounds, running = self._bounds_unclipped(place, feature, values[part])
            scores = score_ranges(values[part], bounds[0], bounds[1], size[part])
            count, outlier = bounds.shape[1], self._first_outlier(scores)
            if outlier is None:
                found[:, part] = scores
                self._add(place, feature, running, count)
                begin, step = begin + count, min(4 * step, many)
                continue
            until = begin + outlier
            found[:, begin : until + 1] = [column[: outlier + 1] for column in scores]
            if outlier:
                self._add_values(place, feature, values[begin:until])
            cut = self._clip_value(values[until], bounds[:, outlier], size[until])
            self._add_values(place, feature, np.array([cut]))
            begin, step = until + 1, FEW_ROWS

    def _bounds_unclipped(self, place: int, feature: int, values: Floats) -> tuple[Floats, Floats]:
        """Bounds before each row as if none were clipped, and the running extremes by block."""
        held = int(self.counts[place, feature])
        fill, blocks = held % self._rows, held // self._rows
        running = self._running(place, feature, values)
        number = running.shape[1]
        # before the first row of each block: what is left of the ring by then, and the new blocks
        ring, oldest = self._ring[place, feature], blocks % BLOCKS
        # two slices: np.roll takes several times as long
        ring = np.concatenate((ring[:, oldest:], ring[:, :oldest]), axis=1)
        left = np.minimum.accumulate(ring[:, ::-1], axis=1)[:, ::-1]
        least = np.full((2, number), np.inf)
        least[:, : min(number, BLOCKS)] = left[:, :number]
        new = np.minimum.accumulate(running[:, :-1, -1], axis=1)
        np.minimum(least[:, 1:], new, out=least[:, 1:])
        before = np.empty_like(running)
        before[:, :, 0] = least
        np.minimum(running[:, :, :-1], least[:, :, None], out=before[:, :, 1:])
        bounds = before.reshape(2, -1)[:, fill : fill + len(values)]
        bounds[1] *= -1
        bounds[:, : max(self._learn - held, 0)] = np.nan
        return bounds, running

    def _running(self, place: int, feature: int, values: Floats) -> Floats:
        """The running extremes of each block, of shape (2, blocks, rows)."""
        fill = int(self.counts[place, feature]) % self._rows
        number = -(-(fill + len(values)) // self._rows)
        line = np.full((2, number * self._rows), np.inf)
        line[:, :fill] = self._now[place, feature][:, None]
        line[0, fill : fill + len(values)] = values
        np.negative(values, out=line[1, fill : fill + len(values)])
        return np.minimum.accumulate(line.reshape(2, number, self._rows), axis=2)

    def _first_outlier(self, scores: RangeScores) -> int | None:
        """The first row that must be clipped; None without one."""
        beyond = (scores.above > self._clip) | (scores.below > self._clip)
        first = int(np.argmax(beyond))
        return first if beyond[first] else None

    def _clip_value(self, value: float, bounds: Floats, size: float) -> float:
        low, high = bounds
        margin = self._clip * max(high - low, FLAT_SHARE * size, MIN_SPAN)
        return float(min(max(value, low - margin), high + margin))

    def _add_values(self, place: int, feature: int, values: Floats) -> None:
        self._add(place, feature, self._running(place, feature, values), len(values))

    def _add(self, place: int, feature: int, running: Floats, count: int) -> None:
        """Add these rows to the window."""
        held = int(self.counts[place, feature])
        first, last = held // self._rows, (held + count) // self._rows
        if last > first:
            closed = np.arange(first, last) % BLOCKS
            self._ring[place, feature][:, closed] = running[:, : last - first, -1]
            self._past[place, feature] = self._ring[place, feature].min(axis=-1)
        fill = (held + count) % self._rows
        self._now[place, feature] = running[:, last - first, fill - 1] if fill else np.inf
        self.counts[place, feature] = held + count
