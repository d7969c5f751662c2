"""Expressions over fresh samples only.

Prometheus marks the series of a lost target as stale. It does not when the target was lost while Prometheus
itself was down, or when the target returns without a series: then the last samples stay for five minutes.
"""

import re
from typing import Literal

from prometheus.rule_file import RecordingRule

Lane = Literal["fast", "slow"]
# the fast scrape renames its series, so that none exists under two jobs
FAST = "fast:"
# seconds after which the next scrape would have replaced a sample
MAX_AGE: dict[Lane, int] = {"fast": 1, "slow": 20}
JOB: dict[Lane, str] = {"fast": "exporter-fast", "slow": "exporter"}
STARTED: dict[Lane, str] = {
    "fast": f"{FAST}ops_exporter_start_time_seconds",
    "slow": 'ops_exporter_start_time_seconds{job="exporter"}',
}
# the scrapes of so many seconds that succeeded, of each instance
SCRAPES: dict[Lane, str] = {
    "fast": f"count_over_time({STARTED['fast']}[%ds])",
    "slow": f'sum_over_time(up{{job="{JOB["slow"]}"}}[%ds])',
}
# with so many samples four events never read as six, and five hardly do
LEAST_SAMPLES = 10
# the exporter makes the counters of users' requests; they restart with it
USER_COUNTERS = "ops_http_request"
# an instant selector: no range, no offset, not inside timestamp()
SELECTOR = re.compile(
    rf"(?<![\w:])(?<!timestamp\()(?:{FAST}\w+(?:{{[^}}]*}})?|[a-z_][\w:]*{{[^}}]*}})(?![\w:{{\[])(?! offset)"
)
WINDOW = re.compile(r"\[(\d+)([smhd])\]")
SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86400}


def while_scraped(expression: str, lane: Lane) -> str:
    """The expression over fresh samples; with a range only while the exporter is scraped."""
    judging = fresh_samples(expression, lane)
    if not WINDOW.search(expression):
        return judging
    return f"({judging}) and on () ({scraped_through(expression, lane)})"


def fresh_samples(expression: str, lane: Lane) -> str:
    """The expression with every instant selector limited to fresh samples."""
    return SELECTOR.sub(lambda match: newest_sample(match[0], lane), expression)


def newest_sample(series: str, lane: Lane) -> str:
    """The series while its newest sample is fresh enough for the lane.

    The fast lane uses a range: it is cheaper than an instant selector, which would read the 1200 samples of
    the last five minutes.
    """
    if lane == "fast":
        return f"last_over_time({series}[{MAX_AGE[lane]}s])"
    return f"({series} and timestamp({series}) >= time() - {MAX_AGE[lane]})"


def recorded_now(series: str) -> str:
    """The series as the same rule group has just recorded it, at this evaluation."""
    return recorded_within(series, "100ms")


def recorded_within(series: str, window: str) -> str:
    """The series as another rule group has recorded it, over two of its intervals: one may be left out."""
    return f"last_over_time({series}[{window}])"


def scraped_through(expression: str, lane: Lane) -> str:
    """Whether the exporter is scraped and, for users' counters, has run longer than the longest range."""
    return has_run(lane, longest_window(expression)) if USER_COUNTERS in expression else is_scraped(lane)


def has_run(lane: Lane, seconds: int) -> str:
    """Whether the exporter has run for longer than this, and no sample of the one before is that young.

    Its start is a time of its own clock, which may be minutes behind that of Prometheus.
    """
    ran = f"time() - max({newest_sample(STARTED[lane], lane)}) > {seconds}"
    return f"{ran} and max(changes({STARTED[lane]}[{seconds}s])) == 0"


def while_sampled(expression: str, seconds: int, lane: Lane) -> str:
    """The expression while the exporter was scraped often enough within the last seconds.

    After a gap of the scrapes increase() extrapolates from the few samples since: from two it makes twice as
    many events of what it has seen.
    """
    return f"({expression}) and on () ({scrape_count(seconds, lane)} >= {LEAST_SAMPLES})"


def scrape_count(seconds: int, lane: Lane) -> str:
    """How many scrapes of the exporter succeeded within the last seconds."""
    return f"max({SCRAPES[lane] % seconds})"


def is_scraped(lane: Lane) -> str:
    """Whether the last scrape of the exporter succeeded."""
    job = f'up{{job="{JOB[lane]}"}}'
    return f"max({newest_sample(job, lane)}) == 1"


def longest_window(expression: str) -> int:
    """The longest range of the expression in seconds."""
    return max(int(number) * SECONDS[unit] for number, unit in WINDOW.findall(expression))


def last_fifth(expression: str) -> str:
    """The expression over the last fifth of each range: whether its cause still goes on."""
    return WINDOW.sub(lambda it: f"[{int(it[1]) * SECONDS[it[2]] // 5}s]", expression)


# where a page of metrics costs the backend much, the exporter reads it less often than the rules judge
READINGS, UNREAD = f"{FAST}ops_backend_metrics_readings_total", "ops:requests_unread"

GAP = "5s"  # a gap of the scrapes for so long changes no verdict


def unread_rule(seconds: int) -> RecordingRule:
    """0 while the exporter knows the backend's requests, but has not read them within the last seconds."""
    known = f"last_over_time({READINGS}[{GAP}])"
    return RecordingRule(UNREAD, f"max(increase({READINGS}[{seconds}s]) and {known}) == 0", {})


def until_read(expression: str, series: str, keys: str) -> str:
    """The expression, which is recorded as `series`; while nothing newer was read, its last value stands.

    What lasts in the long window may be less.
    """
    last = f"last_over_time({series}[{GAP}]) and on () {recorded_now(UNREAD)}"
    return f"max by ({keys}) (({expression}) or ({last}))"


# the exporter knows what returned lately: it pings all that requests wait for
RETURNED, RECOVERING = f"{FAST}ops_backend_recovering", "ops:recovering"
TOLD = "12s"  # for which its last word stands while it cannot read the requests


def recovering_rule(seconds: int) -> RecordingRule:
    """A value for some seconds after a server has returned, and while scrapes were few.

    Requests that waited for the server end late and with errors, but their cause is gone: no alert on
    requests begins then. One that fires goes on. After a gap of the scrapes few samples are known of the
    last `seconds` (see while_sampled).
    """
    few = f"{scrape_count(seconds, 'fast')} < {LEAST_SAMPLES}"
    return RecordingRule(RECOVERING, f"max(last_over_time({RETURNED}[{TOLD}])) == 1 or {few}", {})


def unless_recovering(expression: str) -> str:
    """The expression, without a value for some seconds after a server has returned."""
    return f"({expression}) unless on () {recorded_now(RECOVERING)}"
