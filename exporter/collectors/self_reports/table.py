"""The table: every way in which a backend of this kind was seen to report what is not so."""

from collections.abc import Iterator
from typing import Any

from exporter.clock import as_steady
from exporter.collectors.self_reports import application, stores, work
from exporter.collectors.self_reports.row import Row, Words
from exporter.collectors.self_reports.sight import Sight
from exporter.question import Question
from exporter.status import UNKNOWN

ROWS = (
    Row(1, "the database is healthy; it is stopped", stores.database),
    Row(2, "the module is healthy; its requests fail", application.modules),
    Row(2, "any name is a healthy module; it does not exist", application.any_module),
    Row(3, "a worker is there; its pool is frozen", work.workers),
    Row(4, "tasks are counted; they fail", work.tasks),
    Row(5, "the queue is empty; messages wait in its other priorities", work.priorities),
    Row(6, "nothing; no worker takes from the queue", work.consumers),
    Row(7, "the pool is a third in use; it is exhausted", stores.pool),
    Row(8, "the model is available; it cannot be loaded", application.models),
    Row(9, "the cache counts; Redis is down", stores.cache),
    Row(10, "no handler fails; each takes half a minute", application.event_bus),
    Row(11, "the edge worker is idle; it is dead", work.edge_worker),
    Row(12, "a model's name is stored; a hash made the vectors", stores.sparse_embeddings),
    Row(13, "HTTP 200; the body says unhealthy", work.ingestion_answer),
    Row(13, "ingestion is healthy; a server that it needs is down", work.ingestion),
    Row(14, "these are the counts; they are those of one process of several", application.processes),
    Row(15, "Redis is unavailable; it works", stores.redis),
    Row(16, "no answer at all; the event loop is blocked", application.slow_routes),
)


def compared(sight: Sight) -> Iterator[Words]:
    """Every subject of which there is both a report and an observation of the same moment.

    A report from before the observation last changed is renewed, and compared once that is done.
    """
    for row in ROWS:
        yield from (words for words in row.compare(sight) if is_current(sight, words) and words.known)


def is_current(sight: Sight, words: Words) -> bool:
    """Whether the report is of the state that is observed now."""
    since = sight.since.note(words.subject, words.observed, as_steady(sight.now))
    report = words.report
    if report is None:
        return True
    if words.observed == UNKNOWN:
        return report.asked_at is not None or renewed(sight, report)
    # one that was under way when the observation changed may speak of either state
    if report.answer_asked_at is not None and report.answer_asked_at >= since:
        return True
    return renewed(sight, report)


def renewed(sight: Sight, report: Question[Any]) -> bool:
    """Have the report renewed, unless a server is silent on which it would hang; it is not current yet."""
    if sight.seen.may_block or report not in (sight.backend.health, sight.backend.workers):
        report.renew()
    return False
