"""What users ask of the backend, our own probes left out: recorded once, and read by all panels."""

from grafana.grafana_json import Query, query
from grafana.queries.series import severity
from prometheus.threshold_rules import TOO_FEW

REQUESTS, ERRORS = "users:ops_http_requests:rate5m", "users:ops_http_request_errors:rate5m"
RATIO = "users:ops_http_request_errors_per_request:ratio_rate5m"
DURATION = "users:ops_http_request_duration_seconds"
# what the numbers of all users mean beside a module's signal
ERRORS_MEAN = "Share of users' requests that end in a server error, over five minutes."
P95_MEANS = "95 % of users' requests are answered within this time."
SIGNALS = ("module_error_ratio", "module_response_time")


def requests() -> Query:
    """Requests a second of users."""
    return query(f"max({REQUESTS})", "requests")


def error_ratio() -> Query:
    """Share of them that end in a server error."""
    return query(f"max({RATIO})", "errors")


def duration(quantile: str) -> Query:
    """A recorded quantile of their response time: p50, p95 or p99."""
    return query(f"max({DURATION}:{quantile}_5m)", quantile)


def buckets() -> Query:
    """How their response times spread."""
    return query("sum by (le) (users_le:ops_http_request_duration_seconds_bucket:rate5m)", "{{le}}")


def level() -> Query:
    """How grave the gravest module is for them, -1 where they send few requests."""
    few = f"{TOO_FEW} * (max({REQUESTS}) > 0) ^ 0"
    wholes = {"module_error_ratio": error_ratio(), "module_response_time": duration("p95")}
    return query(f"{severity(*SIGNALS, wholes=wholes)} or {few}")
