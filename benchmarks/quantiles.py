"""Quantiles of measured times: always one of the measured values."""

from collections.abc import Sequence

import numpy as np


def quantile(values: Sequence[float], share: float) -> float:
    """The nearest rank: the least of the values that this share of them does not exceed; NaN of none."""
    return float(np.quantile(values, share, method="inverted_cdf")) if values else float("nan")
