"""When an alert would have fired, from recorded samples: the semantics of an alerting rule of Prometheus.

An alert becomes pending when its value passes the level, fires after `hold`, and resolves `keep` seconds
after the value has returned. Where a value outlives its cause, an alert begins only while its cause goes on.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ingestion_api.prometheus_api import Floats

Mask = NDArray[np.bool_]
STEP = 15.0  # seconds between two recorded samples
SLACK = 0.5 * STEP  # evaluations are late by a moment


@dataclass(frozen=True)
class RuleTimes:
    """`for` and `keep_firing_for` of a rule, in seconds."""

    hold: float
    keep: float


@dataclass(frozen=True)
class FiringInterval:
    """When an alert fired, as Unix times in seconds."""

    start: float
    end: float


def firing_intervals(times: Floats, begins: Mask, goes_on: Mask, rule: RuleTimes) -> list[FiringInterval]:
    """The intervals in which the alert fires, in order.

    `goes_on` tells at each time whether the value passes the level, `begins` whether an alert may begin
    then; it begins nowhere else. A gap in the times is an evaluation without a value.
    """
    found: list[FiringInterval] = []
    for first, last in _runs(times, goes_on):
        start = times[first]
        if not (found and start <= found[-1].end + SLACK):
            fired = _first_firing(times[first : last + 1], begins[first : last + 1], rule.hold)
            if fired is None:
                continue
            found.append(FiringInterval(fired, _resolved(times[last], rule.keep)))
        else:
            found[-1] = FiringInterval(found[-1].start, _resolved(times[last], rule.keep))
    return found


def _runs(times: Floats, passes: Mask) -> Iterator[tuple[int, int]]:
    """First and last index of each run of evaluations that pass, without a gap between them."""
    indices = np.flatnonzero(passes)
    if not indices.size:
        return
    breaks = (np.diff(indices) > 1) | (np.diff(times[indices]) > STEP + SLACK)
    ends = np.append(np.flatnonzero(breaks), indices.size - 1)
    starts = np.append(0, ends[:-1] + 1)
    yield from zip(indices[starts].tolist(), indices[ends].tolist(), strict=True)


def _first_firing(times: Floats, begins: Mask, hold: float) -> float | None:
    """When an alert that is not pending at the beginning fires; None where it never does."""
    for first, last in _runs(times, begins):
        long_enough = np.flatnonzero(times[first : last + 1] - times[first] >= hold - SLACK / STEP)
        if long_enough.size:
            return float(times[first + long_enough[0]])
    return None


def _resolved(last: float, keep: float) -> float:
    """The evaluation that resolves the alert; the first without a value comes a step after the last."""
    return float(last + STEP + np.ceil(keep / STEP) * STEP) if keep >= STEP else float(last)
