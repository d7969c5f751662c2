"""The modules of the backend: as reported, as observed, as they are, and how their requests fare."""

from grafana.grafana_json import Query, query
from grafana.mappings import NO_DATA
from grafana.queries import anomalies
from grafana.queries.alerts import REAL, weighed, with_infos_told
from grafana.queries.live import SCRAPED
from grafana.queries.series import age, moment, most, own, rate, severity, state, total
from prometheus.module_status import LAST_HEALTHY, MODULE_STATUS, STATUS_LABEL
from prometheus.module_status import STATUS as STATUS_CODE
from prometheus.threshold_rules import TOO_FEW

KINDS = {
    "reported": "ops_module_reported_status",
    "observed": "ops_module_observed_status",
    "status": "ops_module_status",
}
CHOSEN = 'module=~"$module"'
ONE = 'module="$module"'


# the worst of what is observed and of the module's signals; whoever reads it asks whether it is live
STATUS = f"max by (module) (ops:module:status{{{CHOSEN}}})"
USERS = ("module_error_ratio", "module_response_time")


def filter_modules(expr: str) -> Query:
    """The modules that are chosen by name and by status."""
    return query(f'({expr}) and on (module) {STATUS_LABEL}{{{CHOSEN},code=~"$status"}}', rows=True)


def code(kind: str, by: str = "module") -> str:
    """What is reported or observed of each, as the number that is recorded every 15 s."""
    return most(f"{by}:{kind}:code", by)


def cards() -> Query:
    """Each module's status, ten times, and what is reported instead; 5 where it is known no more."""
    reported = code(KINDS["reported"])
    codes = filter_modules(card_codes(STATUS, reported, "module", STATUS)).expr
    return query(f"{live(str(codes))} or {lost_modules()}", "{{module}}")


def live(expr: str) -> str:
    """The expression as long as the exporter is scraped."""
    return f"({expr}) and on () ({SCRAPED})"


def card_codes(status: str, reported: str, by: str, there: str) -> str:
    """Ten times the status, and one and the report where that is another and known.

    The status stands first in all, so that cards keep their places when a report differs. `there` has a
    series of any value for each, and is cheaper than the status.
    """
    differs = f"(({reported} != 1) != on ({by}) {status})"
    return f"10 * {status} + on ({by}) ((1 + {differs}) or 0 * {there})"


def lost_modules() -> str:
    """Modules that were there within the hour, and of which nothing is known now."""
    past = f"max by (module) (max_over_time(ops:module:status{{{CHOSEN}}}[1h]))"
    return f"{NO_DATA} + 0 * {past} unless on (module) ({live(STATUS)})"


def status_rows() -> Query:
    """Each module's status, 5 where it is known no more, in rows."""
    return query(f"{live(str(filter_modules(STATUS).expr))} or {lost_modules()}", rows=True)


def levels() -> Query:
    """How grave errors and response time of each module are, -1 where users send it few requests."""
    requested = "max by (module) (module:ops_http_requests:rate5m) > 0"
    return filter_modules(f"{severity(*USERS, by=['module'])} or {TOO_FEW} * ({requested}) ^ 0")


def dependencies() -> Query:
    """The same of what modules stand on."""
    status, reported = (code(f"ops_component_{it}", "component") for it in ("status", "reported_status"))
    codes = live(card_codes(status, reported, "component", status))
    past = "max by (component) (max_over_time(component:ops_component_status:code[1h]))"
    lost = f"{NO_DATA} + 0 * {past} unless on (component) ({live(status)})"
    # a card is no wider than eight characters
    cut = '"component", "sparse", "component", "sparse_embeddings"'
    return query(f"label_replace({codes} or {lost}, {cut})", "{{component}}")


def overall() -> Query:
    """The state of the worst of all modules and parts."""
    return query("max(ops:status:code)")


def unhealthy_for() -> Query:
    """Time since the last moment at which all were healthy; nothing while they are, or after a day."""
    return query(f"(time() - max({LAST_HEALTHY[STATUS_CODE]})) and on () (max(ops:status:code) > 0)")


def with_status(number: int) -> Query:
    """How many modules are in this state."""
    return query(f"count(ops:module:status == {number}) or 0 * count(ops:module:status)")


def slower() -> Query:
    """By how much each module is slower than an hour ago."""
    now, then = (f"module:ops_http_request_duration_seconds:p95_5m{at}" for at in ("", " offset 1h"))
    return filter_modules(f"max by (module) ({now} / {then} - 1)")


def statuses(kind: str) -> Query:
    """The state of each module, as a number, as reported, observed or judged."""
    return filter_modules(code(KINDS[kind]))


def response_times() -> Query:
    """95th percentile of each module's response time."""
    return filter_modules("max by (module) (module:ops_http_request_duration_seconds:p95_5m)")


def requests() -> Query:
    """Requests a second to each module."""
    return filter_modules("max by (module) (module:ops_http_requests:rate5m)")


def errors() -> Query:
    """Share of each module's requests that fail."""
    return filter_modules("max by (module) (module:ops_http_request_errors_per_request:ratio_rate5m)")


def alerts() -> Query:
    """Warnings and critical alerts that fire about each module, each alert once; 0 where none does."""
    each = 'group by (module, alertname, signal) (ALERTS{alertstate="firing",severity!="info",module!=""})'
    return filter_modules(f"count by (module) ({each}) or 0 * {most(own('ops_module_status'), 'module')}")


def last_healthy() -> Query:
    """When a module that is in trouble was last healthy, within a day."""
    seen = most(LAST_HEALTHY[MODULE_STATUS], "module")
    return filter_modules(f"{moment(seen)} and on (module) max by (module) (ops:module:status) > 1")


def course(kind: str) -> Query:
    """The states of one module over time."""
    return query(state(KINDS[kind], matchers=(ONE,)), kind)


def unusual() -> Query:
    """What is most unusual in each module, as the number of its mark."""
    return filter_modules(f"max by (module) ({anomalies.marks(CHOSEN)})")


def worst() -> Query:
    """The state of the worst of all modules and parts."""
    return query("max(ops:status:code)", "backend")


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
    return query(f"max(module:ops_http_request_duration_seconds:{quantile}_5m{{{ONE}}})", quantile)


def error_ratio() -> Query:
    """Share of one module's requests that fail."""
    return query(f"max(module:ops_http_request_errors_per_request:ratio_rate5m{{{ONE}}})", "errors")


def spread() -> Query:
    """How one module's response times spread."""
    return query(total(rate("ops_http_request_duration_seconds_bucket", ONE), "le"), "{{le}}")


def firing() -> Query:
    """Alerts about one module."""
    labels = "alertname, severity, alertstate, signal"
    return query(f"max by ({labels}) (ALERTS{{{REAL},{ONE}}})", rows=True)


def disagreements() -> Query:
    """Reports on one module, right and wrong."""
    found = own("ops_self_report_disagrees", 'subject="module $module"')
    return query(most(found, "subject", "reported", "observed"), rows=True)


def one(kind: str) -> Query:
    """The status of one module: as it is, as reported, or as observed."""
    if kind == "status":
        return query(f"max(ops:module:status{{{ONE}}})", kind)
    return course(kind)


def most_unusual() -> Query:
    """What is most unusual in one module, as the number of its mark."""
    return query(f"max({anomalies.marks(ONE)})")


def level() -> Query:
    """How grave errors and response time of one module are, -1 where users send it few requests."""
    few = f"{TOO_FEW} * (max(module:ops_http_requests:rate5m{{{ONE}}}) > 0) ^ 0"
    return query(f"{severity(*USERS, matchers=[ONE])} or {few}")


def rate_of_one() -> Query:
    """Requests a second to one module."""
    return query(f"max(module:ops_http_requests:rate5m{{{ONE}}})")


def buckets() -> Query:
    """How one module's response times spread."""
    recorded = "module_le:ops_http_request_duration_seconds_bucket:rate5m"
    return query(f"sum by (le) ({recorded}{{{ONE}}})", "{{le}}")


def firing_alerts() -> Query:
    """Alerts about one module, by the weight of their severity."""
    return query(with_infos_told(f"max by ({LABELS}) ({weighed(REAL, ONE)})"))


def firing_for() -> Query:
    """For how long each of them has been true."""
    there = f"({with_infos_told(f'max by ({LABELS}) ({weighed(REAL, ONE)})')})"
    true_since = f"min by (alertname, signal) (ALERTS_FOR_STATE{{{ONE}}})"
    return query(f"{there} * 0 + on (alertname, signal) group_left () (time() - {true_since})")


LABELS = "alertname, alertstate, signal"
