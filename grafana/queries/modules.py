"""The modules of the backend: as reported, as observed, as they are, and how their requests fare."""

from grafana.grafana_json import Query, query
from grafana.queries.series import age, moment, most, own, rate, state, total

KINDS = {
    "reported": "ops_module_reported_status",
    "observed": "ops_module_observed_status",
    "status": "ops_module_status",
}
CHOSEN = 'module=~"$module"'
ONE = 'module="$module"'
SINCE = "24h:1m"


def listed(expr: str) -> Query:
    """Rows of the modules that are chosen by name and by status."""
    of_status = most(own("ops_module_status", CHOSEN, 'status=~"$status"') + " == 1", "module")
    return query(f"({expr}) and on (module) {of_status}", rows=True)


def statuses(kind: str) -> Query:
    """The state of each module, as a number, as reported, observed or judged."""
    return listed(state(KINDS[kind], "module"))


def response_times() -> Query:
    """95th percentile of each module's response time."""
    return listed("max by (module) (module:ops_http_request_duration_seconds:p95_5m)")


def response_trends() -> Query:
    """Whether each module has become slower (1) or faster (-1) by a tenth or more within an hour."""
    now, then = (f"module:ops_http_request_duration_seconds:p95_5m{at}" for at in ("", " offset 1h"))
    return listed(f"max by (module) (sgn(round({now} / {then} - 1, 0.2)))")


def requests() -> Query:
    """Requests a second to each module."""
    return listed("max by (module) (module:ops_http_requests:rate5m)")


def errors() -> Query:
    """Share of each module's requests that fail."""
    return listed("max by (module) (module:ops_http_request_errors_per_request:ratio_rate5m)")


def alerts() -> Query:
    """Alerts that fire about each module, 0 where none does."""
    firing = 'count by (module) (ALERTS{alertstate="firing",severity!="info"})'
    return listed(f"{firing} or 0 * {most(own('ops_module_status'), 'module')}")


def last_healthy() -> Query:
    """When a module that is in trouble was last healthy, within a day."""
    healthy = own("ops_module_status", 'status="healthy"')
    seen = f"max_over_time((timestamp({healthy} == 1))[{SINCE}])"
    trouble = most(own("ops_module_status", 'status=~"degraded|down"') + " == 1", "module")
    return listed(f"{moment(most(seen, 'module'))} and on (module) {trouble}")


def course(kind: str) -> Query:
    """The states of one module over time."""
    return query(state(KINDS[kind], matchers=(ONE,)), kind)


def courses() -> Query:
    """The states of all modules over time."""
    return query(state("ops_module_status", "module"), "{{module}}")


def worst() -> Query:
    """The state of the worst of all modules and parts."""
    return query("max(ops:status:code)", "backend")


def number_in(status: str) -> Query:
    """How many modules are in this state."""
    return query(total(most(own("ops_module_status", status=status), "module")), status)


def known(by: str) -> Query:
    """How long ago the module was last reported or observed."""
    seen = own("ops_module_last_known_timestamp_seconds", ONE, by=by)
    return query(age(most(seen)), by)


def probe() -> Query:
    """Time that the module's own health route took."""
    return query(most(own("ops_module_probe_duration_seconds", ONE)), "health route")


def by_code() -> Query:
    """Requests a second to one module, by class of HTTP status."""
    return query(total(rate("ops_http_requests_total", ONE), "code"), "{{code}}")


def in_progress() -> Query:
    """Requests to one module that are being answered."""
    return query(total(own("ops_http_requests_in_progress", ONE)), "in progress")


def duration(quantile: str) -> Query:
    """A recorded quantile of one module's response time."""
    return query(f"max(module:ops_http_request_duration_seconds:{quantile}_5m{{{ONE}}})", quantile.upper())


def error_ratio() -> Query:
    """Share of one module's requests that fail."""
    return query(f"max(module:ops_http_request_errors_per_request:ratio_rate5m{{{ONE}}})", "errors")


def spread() -> Query:
    """How one module's response times spread."""
    return query(total(rate("ops_http_request_duration_seconds_bucket", ONE), "le"), "{{le}}")


def firing() -> Query:
    """Alerts about one module."""
    labels = "alertname, severity, alertstate, signal"
    return query(f"max by ({labels}) (ALERTS{{{ONE}}})", rows=True)


def disagreements() -> Query:
    """Reports on one module, right and wrong."""
    found = own("ops_self_report_disagrees", 'subject="module $module"')
    return query(most(found, "subject", "reported", "observed"), rows=True)
