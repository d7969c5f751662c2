"""The backend's API: requests, errors, durations, its processes and its timed methods."""

from grafana.grafana_json import Query, query
from grafana.queries.series import (
    age,
    leading,
    mean_rate,
    most,
    own,
    per,
    quantile,
    rate,
    recorded,
    risen_most,
    signal,
    slowest,
    state,
    total,
)
from prometheus.panel_rules import BACKEND_ROUTES, ROUTE_RATE

CHOSEN = 'module=~"$module"'
# the backend's own page, which tells routes apart
ROUTES = BACKEND_ROUTES


def up() -> Query:
    """Whether the backend answers."""
    return query(f"min({own('ops_backend_up')})", "backend")


def wedged() -> Query:
    """Whether its slow routes hang."""
    return query(most(own("ops_backend_wedged")), "event loop")


def processes() -> Query:
    """Server processes that answered lately."""
    return query(most(own("ops_backend_processes")), "processes")


def uptime() -> Query:
    """Seconds since the newest process started."""
    return query(age(most(own("ops_backend_start_time_seconds"))), "uptime")


def in_progress() -> Query:
    """Requests that are being answered."""
    return query(total(own("ops_http_requests_in_progress")), "in progress")


def module_rates() -> Query:
    """Requests a second by module."""
    return query(f"max by (module) (module:ops_http_requests:rate5m{{{CHOSEN}}})", "{{module}}")


def module_errors() -> Query:
    """Error ratio by module."""
    ratio = f"module:ops_http_request_errors_per_request:ratio_rate5m{{{CHOSEN}}}"
    return query(f"max by (module) ({ratio})", "{{module}}")


def module_durations(name: str) -> Query:
    """A recorded quantile of the response time by module."""
    recorded = f"module:ops_http_request_duration_seconds:{name}_5m{{{CHOSEN}}}"
    return query(f"max by (module) ({recorded})", "{{module}}")


def route_rates() -> Query:
    """Requests a second by route."""
    return query(total(f"rate(http_requests_total{{{ROUTES}}}[5m])", "handler", "method"))


def route_errors() -> Query:
    """Share of the requests to a route that end in a server error."""
    failed = total(f'rate(http_requests_total{{{ROUTES},status=~"5.."}}[5m])', "handler", "method")
    every = total(f"rate(http_requests_total{{{ROUTES}}}[5m])", "handler", "method")
    return query(per(f"({failed} or 0 * {every})", every))


def route_durations() -> Query:
    """95th percentile of the response time by route."""
    buckets = f"rate(http_request_duration_seconds_bucket{{{ROUTES}}}[5m])"
    return query(quantile(0.95, buckets, "handler", "method"))


def busiest_routes() -> Query:
    """Requests a second of the five busiest routes."""
    by_handler = (ROUTE_RATE, "handler")
    return query(leading(5, "handler", mean_rate(*by_handler), risen_most(*by_handler)), "{{handler}}")


def methods_mean() -> Query:
    """Mean time of a call of each timed method."""
    return query(slowest_methods(7), "{{method}}")


def slowest_methods(number: int) -> str:
    """Mean time of a call of those timed methods that were the slowest of the range."""
    return slowest(number, recorded("method:ops_backend_method_seconds_per_call:ratio_rate5m"), "method")


def methods_calls() -> Query:
    """Calls a second of each timed method."""
    calls = recorded("method:ops_backend_method_calls:rate5m")
    return query(leading(7, "method", mean_rate(calls, "method"), risen_most(calls, "method")), "{{method}}")


def processor() -> Query:
    """Processor time a second, all processes together."""
    return query(total(rate("ops_backend_cpu_seconds_total")), "cores in use")


def memory() -> Query:
    """Resident memory of the processes."""
    return query(most(own("ops_backend_resident_memory_bytes")), "resident")


def descriptors() -> Query:
    """Open file descriptors of all processes as a share of what they may open."""
    return signal("backend_files", "in use")


def reported() -> Query:
    """What the backend says of its parts."""
    return components("ops_component_reported_status")


def observed() -> Query:
    """What is observed of its parts."""
    return components("ops_component_observed_status")


def components(metric: str) -> Query:
    """The state of each part as a number, in rows."""
    return query(state(metric, "component"))
