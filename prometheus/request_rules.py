"""Users' requests by module and in total: the one source of panels, statuses, SLOs and alerts.

The exporter leaves out its own requests. `monitoring` counts those of other monitoring systems, and `other`
those that match no module.
"""

from collections.abc import Iterator

from prometheus.freshness import while_scraped
from prometheus.rule_file import RecordingRule

SLOW_JOB = '{job="exporter"}'
USERS = 'module!~"monitoring|other"'
REQUESTS = "ops_http_requests_total"
ERRORS = "ops_http_request_errors_total"
BUCKETS = "ops_http_request_duration_seconds_bucket"
TIMED = "ops_http_request_duration_seconds_count"
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}
MODULE_RATE, MODULE_ERRORS = "module:ops_http_requests:rate%s", "module:ops_http_request_errors:rate%s"
MODULE_RATIO = "module:ops_http_request_errors_per_request:ratio_rate%s"
MODULE_TIME = "module:ops_http_request_duration_seconds:%s_%s"
# every quantile is computed from these, so the raw buckets are read once
MODULE_BUCKETS = "module_le:ops_http_request_duration_seconds_bucket:rate%s"
# requests that took longer than the bound of a bucket, and their share
MODULE_SLOWER = "module_le:ops_http_requests_slower:rate%s"
MODULE_SLOWER_RATIO = "module_le:ops_http_requests_slower_per_request:ratio_rate%s"
USERS_RATE, USERS_ERRORS = "users:ops_http_requests:rate%s", "users:ops_http_request_errors:rate%s"
USERS_BUCKETS = "users_le:ops_http_request_duration_seconds_bucket:rate%s"


def request_rules() -> Iterator[RecordingRule]:
    """Rates, errors and durations over five minutes; by module also over one minute."""
    for window in ("5m", "1m"):
        yield from module_rules(window)
    for name, quantile in QUANTILES.items():
        yield RecordingRule(MODULE_TIME % (name, "5m"), quantile_of(quantile, MODULE_BUCKETS % "5m"))
    yield RecordingRule(MODULE_TIME % ("p95", "1m"), quantile_of(QUANTILES["p95"], MODULE_BUCKETS % "1m"))
    yield from user_rules()


def quantile_of(share: float, buckets: str) -> str:
    """A quantile of response times; nothing where nobody asked, as a table would show its NaN."""
    return f"histogram_quantile({share}, {buckets}) >= 0"


def module_rules(window: str) -> Iterator[RecordingRule]:
    """Requests, errors, error ratio, buckets and slow requests by module."""
    yield RecordingRule(MODULE_RATE % window, f"sum by (module) (rate({REQUESTS}{SLOW_JOB}[{window}]))")
    yield RecordingRule(MODULE_ERRORS % window, f"sum by (module) (rate({ERRORS}{SLOW_JOB}[{window}]))")
    yield RecordingRule(MODULE_RATIO % window, f"{MODULE_ERRORS % window} / ({MODULE_RATE % window} > 0)")
    yield RecordingRule(MODULE_BUCKETS % window, f"sum by (module, le) (rate({BUCKETS}{SLOW_JOB}[{window}]))")
    every, by_bucket = f'{MODULE_BUCKETS % window}{{le="+Inf"}}', f"{MODULE_BUCKETS % window}"
    yield RecordingRule(MODULE_SLOWER % window, f"{every} - on (module) group_right () {by_bucket}")
    yield RecordingRule(
        MODULE_SLOWER_RATIO % window, f"{MODULE_SLOWER % window} / on (module) group_left () ({every} > 0)"
    )


def user_rules() -> Iterator[RecordingRule]:
    """The same for all users, summed from the recorded series of modules."""
    yield RecordingRule(USERS_RATE % "5m", f"sum({MODULE_RATE % '5m'}{{{USERS}}})")
    yield RecordingRule(USERS_ERRORS % "5m", f"sum({MODULE_ERRORS % '5m'}{{{USERS}}})")
    yield RecordingRule(
        "users:ops_http_request_errors_per_request:ratio_rate5m",
        f"{USERS_ERRORS % '5m'} / ({USERS_RATE % '5m'} > 0)",
    )
    yield RecordingRule(USERS_BUCKETS % "5m", f"sum by (le) ({MODULE_BUCKETS % '5m'}{{{USERS}}})")
    for name, quantile in QUANTILES.items():
        yield RecordingRule(
            f"users:ops_http_request_duration_seconds:{name}_5m",
            quantile_of(quantile, USERS_BUCKETS % "5m"),
        )
    # all modules, monitoring included
    yield RecordingRule(
        "le:ops_http_request_duration_seconds_bucket:rate5m", f"sum by (le) ({MODULE_BUCKETS % '5m'})"
    )


def last_minute_rules() -> Iterator[RecordingRule]:
    """Users' requests, errors and buckets of the last minute: the input of the SLOs."""
    for name, by, metric in (
        (USERS_RATE, "", REQUESTS),
        (USERS_ERRORS, "", ERRORS),
        ("users:ops_http_request_duration_seconds_count:rate%s", "", TIMED),
        (USERS_BUCKETS, " by (le) ", BUCKETS),
    ):
        expression = f'sum{by}(rate({metric}{{job="exporter",{USERS}}}[1m]))'
        yield RecordingRule(name % "1m", while_scraped(expression, "slow"))
