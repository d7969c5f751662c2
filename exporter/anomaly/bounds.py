"""The least and the greatest of the rows before each row."""

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

Floats = NDArray[np.float64]


class Bounds:
    """Remembers the last rows of one series; rows come in pieces of any length, with the same result."""

    def __init__(self, rows: int) -> None:
        self.seen = 0
        self._rows = rows
        self._kept: Floats = np.empty(0)

    def before(self, values: Floats) -> tuple[Floats, Floats]:
        """For each finite value the least and the greatest before it; the first is its own."""
        if not len(values):
            return values, values
        # a row repeated changes neither extreme, so the first fills the window
        kept = self._kept if self.seen else np.full(self._rows, values[0])
        line = np.concatenate((kept, values))
        windows = sliding_window_view(line[:-1], self._rows)
        self._kept = line[-self._rows :].copy()
        self.seen += len(values)
        return windows.min(axis=1), windows.max(axis=1)


class Mean:
    """The mean of each row and those just before it, not a number until there are enough."""

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._kept: Floats = np.full(rows - 1, np.nan)

    def of(self, values: Floats) -> Floats:
        """One mean for each finite value."""
        if not len(values):
            return values
        line = np.concatenate((self._kept, values))
        self._kept = line[len(line) - self._rows + 1 :].copy()
        means: Floats = sliding_window_view(line, self._rows).mean(axis=1)
        return means
