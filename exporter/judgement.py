"""What follows from how many of those that were asked failed: for requests and for tasks alike."""

from exporter.settings import JudgementSettings
from exporter.status import DEGRADED, DOWN, HEALTHY, UNKNOWN

SINGLE_FAILURE = 1  # a single one that failed or was slow is no pattern, however few there were beside it


def status_from_error_ratio(asked: float, failed: float, limits: JudgementSettings) -> str:
    """The status that the share of failures means; `unknown` of too few."""
    if asked < limits.requests:
        return UNKNOWN
    if failed <= SINGLE_FAILURE:
        return HEALTHY
    share = failed / asked
    if share >= limits.down_error_ratio:
        return DOWN
    return DEGRADED if share > limits.degraded_error_ratio else HEALTHY
