"""Only what was scraped lately counts.

Prometheus ends the series of a target that it sees going. Of one that went while Prometheus itself was away,
or that came back without a series, the last samples would speak for another five minutes.
"""

import re
from typing import Literal

Lane = Literal["fast", "slow"]
# the fast scrape renames what it keeps, so that no series stands under two jobs
FAST = "fast:"
# seconds after which the next scrape would have replaced a sample, had there been one
AGE: dict[Lane, int] = {"fast": 1, "slow": 20}
JOB: dict[Lane, str] = {"fast": "exporter-fast", "slow": "exporter"}
STARTED: dict[Lane, str] = {
    "fast": f"{FAST}ops_exporter_start_time_seconds",
    "slow": 'ops_exporter_start_time_seconds{job="exporter"}',
}
# the users' counters are made by the exporter and begin anew with it
USERS = "ops_http_request"
# a series as of now: neither a window of one, nor its past, nor the time of its sample
SELECTOR = re.compile(
    rf"(?<![\w:])(?<!timestamp\()(?:{FAST}\w+(?:{{[^}}]*}})?|[a-z_][\w:]*{{[^}}]*}})(?![\w:{{\[])(?! offset)"
)
WINDOW = re.compile(r"\[(\d+)([smhd])\]")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def judged(expression: str, lane: Lane) -> str:
    """The expression over fresh samples; over a window only while the exporter is scraped."""
    judging = fresh(expression, lane)
    if not WINDOW.search(expression):
        return judging
    return f"({judging}) and on () ({ran_through(expression, lane)})"


def fresh(expression: str, lane: Lane) -> str:
    """The expression with each series only as long as its newest sample is not too old."""
    return SELECTOR.sub(lambda match: newest(match[0], lane), expression)


def newest(series: str, lane: Lane) -> str:
    """The series as long as its newest sample is not too old for the lane.

    A window sees a series that ended for a moment longer, but does not read the samples of the last five
    minutes, which are 1200 where four come in a second.
    """
    if lane == "fast":
        return f"last_over_time({series}[{AGE[lane]}s])"
    return f"({series} and timestamp({series}) >= time() - {AGE[lane]})"


def just_recorded(series: str) -> str:
    """What the same group recorded at this very moment; it records at most ten times a second."""
    return f"last_over_time({series}[100ms])"


def ran_through(expression: str, lane: Lane) -> str:
    """That the exporter is scraped, and has run longer than the window in which users' counters rose."""
    if USERS not in expression:
        return scraped(lane)
    return f"time() - max({newest(STARTED[lane], lane)}) > {longest(expression)}"


def scraped(lane: Lane) -> str:
    """That the last scrape of the exporter succeeded."""
    job = f'up{{job="{JOB[lane]}"}}'
    return f"max({newest(job, lane)}) == 1"


def longest(expression: str) -> int:
    """The longest window in seconds."""
    return max(int(number) * SECONDS[unit] for number, unit in WINDOW.findall(expression))


def latest(expression: str) -> str:
    """The expression over the last fifth of each window: whether what it looks for still goes on."""
    return WINDOW.sub(lambda it: f"[{int(it[1]) * SECONDS[it[2]] // 5}s]", expression)
