"""Queries that end when nobody can know any more, since old samples speak of the past for minutes.

Prometheus ends the series of a scrape that fails, but not those of a job that it scrapes no more. A rate, a
recorded ratio or a percentile goes on until its window has passed. So each query is asked only while the
last scrape of its exporter is young and succeeded, and while the counters in its windows are there. Of
several signals each is shown for itself: one that looks at no counters must not end with those of another.
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from grafana.levels import thresholds
from prometheus.module_status import MODULE_SIGNALS
from prometheus.panel_rules import MANY, PRESENT
from prometheus.request_rules import SLOW_JOB

INSTANCE = 'instance=~"$instance"'
OWN = f'job="$job",{INSTANCE}'
# seconds after which a scrape is no news any more: an interval, its time limit and an interval of the rules
MEMORY = 40
YOUNG = "max(up{{{0}}} and last_over_time(up{{{0}}}[{1}s])) == 1"
SCRAPED = YOUNG.format(OWN, MEMORY)
# a series with a window of minutes; what looks back over hours or the whole range tells of the past
WINDOW = re.compile(r"([a-zA-Z_:][\w:]*)(\{[^{}]*\})?\[(?:\$__rate_interval|\d+[sm])\](?! @)")
# levels, and what alerts hide of each other, are Prometheus' own
RECORDED = re.compile(
    r"(?<![\w:])(?:module|module_le|users|users_le|le|task|task_le|queue|redis|component|ops|method|event|cmd|relname|"
    r"table|queryid|exception|collector|handler|outcome):(?!threshold|alert)(\w+)"
)
SIGNALS = re.compile(r'(ops:signal(?::severity|:too_few)?\{[^}]*signal=~?)"([\w|]+)"([^}]*\})')
# windows that look at states: of alerts, and of the scrape itself
NO_COUNTERS = ("ALERTS", "up")
# of which counters the recorded series are made
SOURCES = {
    "ops_http": ("ops_http_requests_total",),
    "celery_task_runtime": ("celery_task_runtime_count",),
    "celery_tasks": ("celery_task_succeeded_total", "celery_task_failed_total"),
    "cache_hits": ("ops_cache_hits_total", "ops_cache_misses_total"),
    "keyspace_hits": ("redis_keyspace_hits_total",),
    "ops_backend_method": ("ops_backend_method_calls_total",),
    "ops_event_bus_events": ("ops_event_bus_events_total",),
    "redis_commands": ("redis_commands_total",),
    "redis_seconds": ("redis_commands_total",),
    "pg_stat_user_tables": ("pg_stat_user_tables_n_dead_tup",),
    "pg_stat_statements": ("pg_stat_statements_seconds_total",),
    "ops_database_table_rows": ("ops_database_table_rows",),
    "http_requests": ("http_requests_total",),
    "anomaly": ("ops_anomaly_watched_series",),
}
# recorded of the backend's own page
OF_BACKEND = "http_"
OWN_JOBS = {"prometheus": "prometheus", "alertmanager": "alertmanager", "ops_service": "service"}


def gate(expr: str) -> str:
    """The query, silent as soon as its numbers are only memories."""
    counters = list(counter_conditions(expr))
    conditions = [*scrape_conditions(expr), *counters]
    is_said = {any_present(signal_counters(name)) for name in signals_of(expr)} == set(counters)
    shown = expr if is_said else SIGNALS.sub(lambda it: while_counted(it[1], it[2].split("|"), it[3]), expr)
    return " and on () ".join([f"({shown})", *(f"({it})" for it in conditions)]) if conditions else shown


def scrape_conditions(expr: str) -> Iterator[str]:
    """That what the query looks at is scraped."""
    if SCRAPED in expr:
        return
    jobs = {job_of(name, matchers) for name, matchers in windows(expr)}
    jobs |= {"backend" if it.startswith(OF_BACKEND) else "" for it in RECORDED.findall(expr)}
    if "" in jobs or OWN in expr:
        yield SCRAPED
    yield from (YOUNG.format(f'job="{job}"', MEMORY) for job in sorted(jobs - {""}))


def counter_conditions(expr: str) -> Iterator[str]:
    """That the counters behind windows and recorded series are there."""
    if not all(any(signal_counters(name)) for name in signals_of(expr)):
        # windows beside states tell only whether a signal is too few, which has its own condition
        return
    found = {instant_selector(name, matchers) for name, matchers in windows(expr)}
    for subject in RECORDED.findall(expr):
        counters = (its for start, its in SOURCES.items() if subject.startswith(start))
        found |= {present(name, f"{{{OWN}}}") for its in counters for name in its}
    if found:
        yield any_present(found)


def signals_of(expr: str) -> list[str]:
    """The signals whose levels the query shows."""
    return [name for _, names, _ in SIGNALS.findall(expr) for name in names.split("|")]


def any_present(counters: Iterable[str]) -> str:
    """That one of these counters is there."""
    return " or ".join(f"group({it})" for it in sorted(counters))


def while_counted(start: str, signals: Sequence[str], end: str) -> str:
    """The series of these signals, each only while the counters that it looks at are there."""
    by_counters: dict[frozenset[str], list[str]] = {}
    for name in signals:
        by_counters.setdefault(frozenset(signal_counters(name)), []).append(name)
    shown = [
        f'{start}"{"|".join(names)}"{end}' + (f" and on () ({any_present(counters)})" if counters else "")
        for counters, names in by_counters.items()
    ]
    return f"({' or '.join(shown)})" if any(by_counters) else shown[0]


def windows(expr: str) -> list[tuple[str, str]]:
    """Each series of which a window is read, with its matchers."""
    found = ((it[1], it[2] or "") for it in WINDOW.finditer(expr))
    return [it for it in found if not it[0].startswith(NO_COUNTERS) and ":" not in it[0]]


def instant_selector(name: str, matchers: str) -> str:
    """The series without its window; of a histogram the count, which is one series for many."""
    return present(re.sub(r"_(bucket|sum)$", "_count", name), matchers)


def present(name: str, matchers: str) -> str:
    """What is there as long as the series are: these themselves, or for many what is recorded of them."""
    whole = name in MANY and matchers in ("", f"{{{OWN}}}")
    if not whole:
        return f"{name}{matchers}"
    return PRESENT % name + (f"{{{INSTANCE}}}" if MANY[name] == SLOW_JOB else "")


def signal_counters(signal: str) -> Iterator[str]:
    """What the windows of a signal look at; of the fast scrape, which is many samples, the slow one's."""
    found = thresholds().signals.get(signal)
    for name, _ in windows(found.expression) if found else []:
        yield instant_selector(name.removeprefix("fast:"), f"{{{OWN}}}")
    if signal in MODULE_SIGNALS:
        yield present(SOURCES["ops_http"][0], f"{{{OWN}}}")


def job_of(name: str, matchers: str) -> str:
    """The job of which a metric is, where it is not the exporter."""
    named = re.search(r'job="(\w+)"', matchers)
    by_name = next((job for start, job in OWN_JOBS.items() if name.startswith(f"{start}_")), "")
    return named[1] if named else by_name
