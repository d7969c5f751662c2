"""The table: every way in which a backend of this kind was seen to report what is not so."""

from collections.abc import Iterator
from typing import Any

from exporter.clock import as_steady
from exporter.collectors.self_reports import application, stores, work
from exporter.collectors.self_reports.row import Row, Words
from exporter.collectors.self_reports.sight import Sight
from exporter.question import Question
from exporter.status import UNKNOWN

JUST_NOW = 120.0  # seconds for which a change of what is observed is new
LOOK_AGAIN = 300.0  # seconds after which a report that disagrees is renewed for the first time
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
    if report.answer_asked_at is None or report.answer_asked_at < since:
        return renewed(sight, report)
    # what came right after a change of what is observed is of its moment; else the report is asked for again
    is_new = as_steady(sight.now) - since < JUST_NOW
    return agrees_or_was_asked_again(sight, words, report, is_new)


def agrees_or_was_asked_again(sight: Sight, words: Words, report: Question[Any], is_new: bool) -> bool:
    """Whether the report agrees, or says the same still: it may have been given in a short bad moment.

    A disagreement that lasts is looked into again, ever more seldom, so that it does not outlive its cause.
    """
    now = as_steady(sight.now)
    began = sight.since.disagrees(words.subject, words.known and words.disagrees, now)
    if began is None or report.answer_asked_at is None:
        return True
    if report.answer_asked_at < began and not is_new:
        return renewed(sight, report)
    if now - report.answer_asked_at > max(LOOK_AGAIN, (now - began) / 2):
        renewed(sight, report)
    return True


def renewed(sight: Sight, report: Question[Any]) -> bool:
    """Have the report renewed, unless a server is silent on which it would hang; it is not current yet."""
    if sight.seen.may_block or report not in (sight.backend.health, sight.backend.workers):
        report.renew()
    return False
