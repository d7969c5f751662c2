"""The table: every way in which a backend of this kind was seen to report what is not so."""

from collections.abc import Iterator
from typing import Any

from exporter.clock import as_steady
from exporter.collectors.self_reports import application, stores, work
from exporter.collectors.self_reports.row import Check, Comparison
from exporter.collectors.self_reports.sight import ComparisonInput
from exporter.question import Question
from exporter.status import UNKNOWN

RECENT_CHANGE = 120.0  # seconds for which a change of what is observed is new
FIRST_RENEWAL_AFTER = 300.0  # seconds after which a report that disagrees is renewed for the first time
CHECKS = (
    Check(1, "the database is healthy; it is stopped", stores.compare_database),
    Check(2, "the module is healthy; its requests fail", application.compare_modules),
    Check(2, "any name is a healthy module; it does not exist", application.compare_missing_module),
    Check(3, "a worker is there; its pool is frozen", work.compare_workers),
    Check(4, "tasks are counted; they fail", work.compare_tasks),
    Check(5, "the queue is empty; messages wait in its other priorities", work.compare_priorities),
    Check(6, "nothing; no worker takes from the queue", work.compare_consumers),
    Check(7, "the pool is a third in use; it is exhausted", stores.compare_pool),
    Check(8, "the model is available; it cannot be loaded", application.compare_models),
    Check(9, "the cache counts; Redis is down", stores.compare_cache),
    Check(10, "no handler fails; each takes half a minute", application.compare_event_bus),
    Check(11, "the edge worker is idle; it is dead", work.compare_edge_worker),
    Check(12, "a model's name is stored; a hash made the vectors", stores.compare_sparse_embeddings),
    Check(13, "HTTP 200; the body says unhealthy", work.compare_ingestion_http_status),
    Check(13, "ingestion is healthy; a server that it needs is down", work.compare_ingestion),
    Check(
        14, "these are the counts; they are those of one process of several", application.compare_processes
    ),
    Check(15, "Redis is unavailable; it works", stores.compare_redis),
    Check(16, "no answer at all; the event loop is blocked", application.compare_slow_routes),
)


def run_checks(sight: ComparisonInput) -> Iterator[Comparison]:
    """Every subject of which there is both a report and an observation of the same moment.

    A report from before the observation last changed is renewed, and compared once that is done.
    """
    for row in CHECKS:
        yield from (words for words in row.compare(sight) if is_current(sight, words) and words.known)


def is_current(sight: ComparisonInput, words: Comparison) -> bool:
    """Whether the report is of the state that is observed now."""
    since = sight.since.note(words.subject, words.observed, as_steady(sight.now))
    report = words.report
    if report is None:
        return True
    if words.observed == UNKNOWN:
        return report.asked_at is not None or request_renewal(sight, report)
    # one that was under way when the observation changed may speak of either state
    if report.answer_asked_at is None or report.answer_asked_at < since:
        return request_renewal(sight, report)
    # what came right after a change of what is observed is of its moment; else the report is asked for again
    is_new = as_steady(sight.now) - since < RECENT_CHANGE
    return is_confirmed(sight, words, report, is_new)


def is_confirmed(sight: ComparisonInput, words: Comparison, report: Question[Any], is_new: bool) -> bool:
    """Whether the report agrees, or says the same still: it may have been given in a short bad moment.

    A disagreement that lasts is looked into again, ever more seldom, so that it does not outlive its cause.
    """
    now = as_steady(sight.now)
    began = sight.since.disagrees(words.subject, words.known and words.disagrees, now)
    if began is None or report.answer_asked_at is None:
        return True
    if report.answer_asked_at < began and not is_new:
        return request_renewal(sight, report)
    if now - report.answer_asked_at > max(FIRST_RENEWAL_AFTER, (now - began) / 2):
        request_renewal(sight, report)
    return True


def request_renewal(sight: ComparisonInput, report: Question[Any]) -> bool:
    """Have the report renewed, unless a server is silent on which it would hang; it is not current yet."""
    if sight.seen.may_block or report not in (sight.backend.health, sight.backend.workers):
        report.renew()
    return False
