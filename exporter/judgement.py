"""What follows from how many of those that were asked failed: for requests and for tasks alike."""

from exporter.settings import Judgement
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN

ALONE = 1  # a single one that failed or was slow is no pattern, however few there were beside it


def judged(asked: float, failed: float, limits: Judgement) -> str:
    """The status that the share of failures means; `unknown` of too few."""
    if asked < limits.requests:
        return UNKNOWN
    if failed <= ALONE:
        return HEALTHY
    share = failed / asked
    if share >= limits.down_error_ratio:
        return DOWN
    return DEGRADED if share > limits.degraded_error_ratio else HEALTHY
