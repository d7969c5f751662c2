"""docs/metrics.md: every metric of the exporter, and every poller with its interval."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from math import inf

from docs.markdown import code, table
from docs.metric_boards import boards_of
from docs.unshown_metrics import reason
from exporter.collectors import COLLECTORS
from exporter.collectors.fastapi import FASTAPI
from exporter.inventory import MetricEntry, PollerEntry, list_metrics, list_pollers
from exporter.metrics import StateGauge
from exporter.poll_policy import PollPolicy

HEAD = """# Metrics

Written by `make docs` from the declarations in `exporter/collectors`; not to be edited.

Metrics of the watched backend begin with `ops_`. What mature exporters export keeps their names (`celery_`,
`redis_`, `pg_`), so that their dashboards and rules work. An unknown number is a missing series, never 0.
The last column names the dashboards that show the metric, directly or through what rules record of it.
Each collector can be read alone, as `/metrics?collect[]=NAME`, and each part as
`/metrics?collect[]=NAME.PART`. A part *on request* is not on the whole page, but on that of its collector and
of the scrape job that replaces its peer: only the peer's own dashboards and rules need it.
"""
POLLERS = """
## Pollers

With the default settings; every interval can be set (see [settings](settings.md)). A poller never calls its
source twice at once, however many scrape.

- *In the background*: polled at that interval, scraped or not. After two intervals without a response its
  metrics are gone.
- *By the scrape*: polled by a scrape, at most once in that time. Of two times the shorter one applies while
  something looks wrong.
- *On change*: polled once at the start, and when something that the response reports on has changed.

After a failure the exporter backs off exponentially, up to the maximum backoff. A route that does not exist
is polled once in a quarter of an hour. Where a source is slow, its intervals stretch, so that all requests
stay within the source's budget (`limits.own_share`).
"""
UNEXPLAINED = "nobody says why"
OWN = "About the exporter itself"


def metrics_page() -> str:
    """The whole page."""
    about = {collector.name: collector.about for collector in (*COLLECTORS, FASTAPI)}
    parts = [HEAD]
    listed = (*list_metrics(), *(it for it in list_metrics((FASTAPI,)) if it.collector))
    for name, entries in groupby(listed, key=lambda entry: entry.collector):
        title, words = (f"`{name}`", about[name]) if name else (OWN, "in every scrape, whatever it selects")
        parts.append(f"\n## {title}\n\n{sentence(words)}\n\n{metrics_table(entries)}")
    parts.extend(f"\n## `{it.name}`\n\n{sentence(it.about)}\n" for it in COLLECTORS if it.alone)
    parts.append(f"{POLLERS}\n{pollers_table(list_pollers())}")
    return "".join(parts)


def metrics_table(entries: Iterable[MetricEntry]) -> str:
    """The metrics of one collector."""
    head = ("Metric", "Type", "Labels", "Meaning", "Part", "Dashboards")
    return table(head, ([*cells(entry)] for entry in entries))


def cells(entry: MetricEntry) -> Iterator[str]:
    """The row of one metric."""
    metric = entry.metric
    yield code(metric.name)
    yield metric.kind
    yield ", ".join(code(label) for label in metric.labels)
    yield metric.about + (f" States: {', '.join(metric.states)}." if isinstance(metric, StateGauge) else "")
    yield code(entry.part) + (" on request" if entry.on_request else "")
    yield ", ".join(boards_of(metric)) or f"none: {reason(metric.name) or UNEXPLAINED}"


def pollers_table(pollers: Iterable[PollerEntry]) -> str:
    """Each poller with its source, interval, timeout and backoff."""
    head = ("Source", "Query", "Interval", "Timeout", "Backoff")
    return table(head, ([*poller_cells(poller)] for poller in pollers))


def poller_cells(poller: PollerEntry) -> Iterator[str]:
    """The row of one poller."""
    policy = poller.policy
    yield poller.source
    yield code(poller.name)
    yield interval_text(policy)
    yield f"{policy.timeout:g} s"
    yield f"{2 * policy.backoff_base:g} to {policy.max_backoff:g} s"


def interval_text(policy: PollPolicy) -> str:
    """When a poller with this policy calls its source."""
    if policy.interval == inf:
        return f"on change, at most once in {policy.min_refresh_gap:g} s"
    if policy.interval is not None:
        return f"in the background, every {policy.interval:g} s"
    is_same = policy.relaxed_interval in (None, policy.min_interval)
    relaxed = "" if is_same else f" or {policy.relaxed_interval:g}"
    return f"by the scrape, at most once in {policy.min_interval:g}{relaxed} s"


def sentence(words: str) -> str:
    """The words with a capital and a full stop."""
    return f"{words[0].upper()}{words[1:]}."
