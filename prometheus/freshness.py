"""Only what was scraped lately counts.

Prometheus ends the series of a target that it sees going. Of one that went while Prometheus itself was away,
or that came back without a series, the last samples would speak for another five minutes.
"""

import re
from typing import Literal

from prometheus.rule_file import RecordingRule

Lane = Literal["fast", "slow"]
# the fast scrape renames what it keeps, so that no series stands under two jobs
FAST = "fast:"
# seconds after which the next scrape would have replaced a sample, had there been one
MAX_AGE: dict[Lane, int] = {"fast": 1, "slow": 20}
JOB: dict[Lane, str] = {"fast": "exporter-fast", "slow": "exporter"}
STARTED: dict[Lane, str] = {
    "fast": f"{FAST}ops_exporter_start_time_seconds",
    "slow": 'ops_exporter_start_time_seconds{job="exporter"}',
}
# the users' counters are made by the exporter and begin anew with it
USER_COUNTERS = "ops_http_request"
# a series as of now: neither a window of one, nor its past, nor the time of its sample
SELECTOR = re.compile(
    rf"(?<![\w:])(?<!timestamp\()(?:{FAST}\w+(?:{{[^}}]*}})?|[a-z_][\w:]*{{[^}}]*}})(?![\w:{{\[])(?! offset)"
)
WINDOW = re.compile(r"\[(\d+)([smhd])\]")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def while_scraped(expression: str, lane: Lane) -> str:
    """The expression over fresh samples; over a window only while the exporter is scraped."""
    judging = fresh_samples(expression, lane)
    if not WINDOW.search(expression):
        return judging
    return f"({judging}) and on () ({scraped_through(expression, lane)})"


def fresh_samples(expression: str, lane: Lane) -> str:
    """The expression with each series only as long as its newest sample is not too old."""
    return SELECTOR.sub(lambda match: newest_sample(match[0], lane), expression)


def newest_sample(series: str, lane: Lane) -> str:
    """The series as long as its newest sample is not too old for the lane.

    A window sees a series that ended for a moment longer, but does not read the samples of the last five
    minutes, which are 1200 where four come in a second.
    """
    if lane == "fast":
        return f"last_over_time({series}[{MAX_AGE[lane]}s])"
    return f"({series} and timestamp({series}) >= time() - {MAX_AGE[lane]})"


def recorded_now(series: str) -> str:
    """What the same group recorded at this very moment; it records at most ten times a second."""
    return f"last_over_time({series}[100ms])"


def scraped_through(expression: str, lane: Lane) -> str:
    """That the exporter is scraped, and has run longer than the window in which users' counters rose."""
    if USER_COUNTERS not in expression:
        return is_scraped(lane)
    return f"time() - max({newest_sample(STARTED[lane], lane)}) > {longest_window(expression)}"


def is_scraped(lane: Lane) -> str:
    """That the last scrape of the exporter succeeded."""
    job = f'up{{job="{JOB[lane]}"}}'
    return f"max({newest_sample(job, lane)}) == 1"


def longest_window(expression: str) -> int:
    """The longest window in seconds."""
    return max(int(number) * SECONDS[unit] for number, unit in WINDOW.findall(expression))


def last_fifth(expression: str) -> str:
    """The expression over the last fifth of each window: whether what it looks for still goes on."""
    return WINDOW.sub(lambda it: f"[{int(it[1]) * SECONDS[it[2]] // 5}s]", expression)


RECOVERING = "ops:recovering"
RECOVERY_SECONDS = 12  # for as long as such requests stand in the windows that are judged
SERVERS = ("ops_backend_up", "ops_database_up", "redis_up", "ops_broker_up")
POOL = f"{FAST}ops_database_pool_use_ratio"


def recovering_rule() -> RecordingRule:
    """1 while a server is back that was away a moment ago, or a pool that was full has connections again."""
    back = [has_returned(f"{FAST}{server}") for server in SERVERS]
    freed = f"(max_over_time({POOL}[{RECOVERY_SECONDS}s]) >= 1 and last_over_time({POOL}[1s]) < 1)"
    return RecordingRule(RECOVERING, f"count({' or '.join([*back, freed])})", {})


def has_returned(series: str) -> str:
    """That this series is 1 and was not."""
    return f"(min_over_time({series}[{RECOVERY_SECONDS}s]) < 1 and last_over_time({series}[1s]) == 1)"


def unless_recovering(expression: str) -> str:
    """The expression, without a value while a server has just come back."""
    return f"({expression}) unless on () {recorded_now(RECOVERING)}"
