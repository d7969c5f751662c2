"""docs/metrics.md: every metric of the exporter, and what it asks of whom."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from math import inf

from docs.markdown import code, table
from exporter.collectors import COLLECTORS
from exporter.inventory import MetricEntry, PollerEntry, list_metrics, list_pollers
from exporter.metrics import StateGauge
from exporter.poll_policy import PollPolicy

HEAD = """# Metrics

Written by `make docs` from the declarations in `exporter/collectors`; not to be edited.

What belongs to the watched backend begins with `ops_`; what mature exporters already export keeps their
names (`celery_`, `redis_`, `pg_`), so that dashboards and rules made for them work. What is not known is not
there: a missing number is a missing series, never 0. Each collector can be read alone, as
`/metrics?collect[]=NAME`, and each part of one as `/metrics?collect[]=NAME.PART`.
"""
ASKED = """
## What the exporter asks of whom, and how often

With the default settings; every pace can be set (see [settings](settings.md)). A question is never asked
twice at the same time, however many scrape. *In the background*: asked at that period whether or not anybody
scrapes, and after two periods without an answer its metrics are gone. *By the scrape*: asked when somebody
looks, at most once in that time; with two times, the shorter one is in force while something looks wrong.
*On change*: asked once at the start, and when something that the answer tells of has changed. After failures
a question is left alone for a while that doubles from the first rest to the longest; one whose route is not
there, for a quarter of an hour. Where a source is slow, all of it comes less often, so that what we ask of it
stays within its budget (`limits.own_share`).
"""
OWN = "About the exporter itself"


def metrics_page() -> str:
    """The whole page."""
    about = {collector.name: collector.about for collector in COLLECTORS}
    parts = [HEAD]
    for name, entries in groupby(list_metrics(), key=lambda entry: entry.collector):
        title, words = (f"`{name}`", about[name]) if name else (OWN, "every scrape, whatever it asks for")
        parts.append(f"\n## {title}\n\n{sentence(words)}\n\n{metrics_table(entries)}")
    parts.append(f"{ASKED}\n{questions_table(list_pollers())}")
    return "".join(parts)


def metrics_table(entries: Iterable[MetricEntry]) -> str:
    """The metrics of one collector."""
    head = ("Metric", "Type", "Labels", "Meaning", "Part")
    return table(head, ([*cells(entry)] for entry in entries))


def cells(entry: MetricEntry) -> Iterator[str]:
    """What is said of one metric."""
    metric = entry.metric
    yield code(metric.name)
    yield metric.kind
    yield ", ".join(code(label) for label in metric.labels)
    yield metric.about + (f" States: {', '.join(metric.states)}." if isinstance(metric, StateGauge) else "")
    yield code(entry.part)


def questions_table(questions: Iterable[PollerEntry]) -> str:
    """Who is asked what, and when."""
    head = ("Source", "Question", "When", "Time-out", "Rest after a failure")
    return table(head, ([*asked(question)] for question in questions))


def asked(question: PollerEntry) -> Iterator[str]:
    """What is said of one question."""
    pace = question.policy
    yield question.source
    yield code(question.name)
    yield when(pace)
    yield f"{pace.timeout:g} s"
    yield f"{2 * pace.backoff_base:g} to {pace.max_backoff:g} s"


def when(pace: PollPolicy) -> str:
    """When a question of this pace is asked, in words."""
    if pace.interval == inf:
        return f"on change, at most once in {pace.min_refresh_gap:g} s"
    if pace.interval is not None:
        return f"in the background, every {pace.interval:g} s"
    calm = "" if pace.relaxed_interval in (None, pace.min_interval) else f" or {pace.relaxed_interval:g}"
    return f"by the scrape, at most once in {pace.min_interval:g}{calm} s"


def sentence(words: str) -> str:
    """The words with a capital and a full stop."""
    return f"{words[0].upper()}{words[1:]}."
