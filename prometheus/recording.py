"""Series that panels and rules share: requests, errors and durations by module, and ratios."""

from collections.abc import Iterator

from prometheus.rule import Recording

REQUESTS = "ops_http_requests_total"
ERRORS = "ops_http_request_errors_total"
DURATION = "ops_http_request_duration_seconds_bucket"
QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99}


def rules() -> Iterator[Recording]:
    """What is recorded every 15 s from the slow scrape."""
    slow = '{job="exporter"}'
    yield Recording("module:ops_http_requests:rate5m", f"sum by (module) (rate({REQUESTS}{slow}[5m]))")
    yield Recording("module:ops_http_request_errors:rate5m", f"sum by (module) (rate({ERRORS}{slow}[5m]))")
    yield Recording(
        "module:ops_http_request_errors_per_request:ratio_rate5m",
        "module:ops_http_request_errors:rate5m / (module:ops_http_requests:rate5m > 0)",
    )
    for name, quantile in QUANTILES.items():
        yield Recording(
            f"module:ops_http_request_duration_seconds:{name}_5m",
            f"histogram_quantile({quantile}, sum by (module, le) (rate({DURATION}{slow}[5m])))",
        )
