"""The truth table, row by row: a report that lies disagrees and does not count; an honest one agrees."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import pytest

from exporter.collectors.self_reports.checks import CHECKS, COMPONENTS, run_checks
from exporter.collectors.self_reports.comparison import ComparisonInput
from exporter.collectors.self_reports.observations import Observations
from exporter.collectors.self_reports.reports import NONEXISTENT, Reports
from exporter.metrics import SummaryData
from exporter.settings import Settings
from exporter.sources.backend.app_counters import EventBus
from exporter.sources.backend.health import HealthReport, ModelReport, WorkersReport
from exporter.sources.backend.module_status import ModuleStatus
from exporter.sources.backend.pool import PoolUsage, parse_pool
from exporter.sources.backend.source import BackendSource
from exporter.sources.broker.results import StoredResults
from exporter.sources.broker.snapshot import BrokerSnapshot, QueueSnapshot
from exporter.sources.database.embedding_audit import EmbeddingAudit
from exporter.sources.database.resources import EmbeddingCoverage
from exporter.sources.database.source import DatabaseSource
from exporter.sources.ingestion.models import EdgeWorker, IngestionHealth
from exporter.sources.json_object import JsonObject
from exporter.status import StateChanges, effective_status

NOW = 1_800_000_000.0


def bus(p95: float = 0.004) -> EventBus:
    """An event bus without errors whose handlers take this long."""
    return EventBus(80, 60, 0, {"resource.created": 80}, SummaryData({0.95: p95}), SummaryData({}), 1)


def view(observed: str) -> ModuleStatus:
    """The module search, reported healthy."""
    return ModuleStatus("search", "healthy", observed, 0.01, NOW, NOW)


def broker(**changes: Any) -> BrokerSnapshot:
    """A broker with one worker that works."""
    working = BrokerSnapshot(
        is_responding=True,
        is_listening=True,
        workers_alive=1,
        queues=(QueueSnapshot("default", 0, 0.0, 1),),
        unacked=2,
        last_task_event_at=NOW - 1,
        finished=40,
        failed=0,
        window=300.0,
    )
    return replace(working, **changes)


def pool(lent: int, percent: float) -> PoolUsage:
    """A pool of 12 connections."""
    said = {"checked_out": lent, "total_capacity": 12, "utilization_percent": percent}
    return parse_pool(JsonObject({"pool": said}, "backend /db/pool"))


HEALTH = HealthReport(
    "healthy", {"database": "healthy", "redis": "healthy", "celery": "healthy", "api": "healthy"}, 1
)
HONEST_SAID = Reports(
    health=HEALTH,
    workers=WorkersReport("healthy", 1, 0, accepted={"app.index": 40.0}),
    database="healthy",
    cache="healthy",
    pool=pool(3, 25.0),
    models=(ModelReport("ncf_model", available=True, checked=True),),
    ingestion=IngestionHealth("healthy", 200, {}),
    edge="healthy",
    missing_module=NONEXISTENT,
)
HONEST_SEEN = Observations(
    modules=(view("healthy"),),
    answers=True,
    wedged=False,
    database="healthy",
    cache="healthy",
    ingestion="healthy",
    broker=broker(queues=(QueueSnapshot("default", 3, 0.4, 1),)),
    hidden=(),
    results=StoredResults(5, True, 5, Counter(SUCCESS=5), Counter()),
    bus=bus(),
    processes=1,
    edge=EdgeWorker(reported_state="Idle", last_seen=NOW - 5),
    sparse=EmbeddingCoverage({"with": 9.0}, {"BAAI/bge-m3": 9.0}, NOW),
    evidence=(EmbeddingAudit("BAAI/bge-m3", 9, 0, 0, 0, 0),),
)


@dataclass(frozen=True)
class Case:
    """A lie: the row it belongs to, what is said and seen, and what must come of it."""

    row: int
    subject: str
    words: tuple[str, str]
    component: str | None = None
    status: str | None = None
    said: Callable[[Reports], Reports] = lambda said: said
    seen: Callable[[Observations], Observations] = lambda seen: seen

    def __str__(self) -> str:
        return f"row {self.row}: {self.subject}"


def says(**changes: Any) -> Callable[[Reports], Reports]:
    """The honest report but for these."""
    return lambda said: replace(said, **changes)


def is_seen(**changes: Any) -> Callable[[Observations], Observations]:
    """The untroubled observation but for these."""
    return lambda seen: replace(seen, **changes)


STUCK = (QueueSnapshot("default", 30, 240.0, 1),)
FROZEN = broker(queues=STUCK, last_task_event_at=NOW - 300, finished=0)
LOST = (QueueSnapshot("celery", 4, 90.0, 0),)
SALTED = (EmbeddingAudit("BAAI/bge-m3", 9, 7, 7, 0, 0),)
BY_RESULTS = StoredResults(30, True, 30, Counter(FAILURE=30), Counter({("app.index", "ValueError"): 30}))
CORRUPT = (ModelReport("ncf_model", available=True, error=True),)
REDIS_DENIED = says(health=replace(HEALTH, components={**HEALTH.components, "redis": "down"}))

LIES = (
    Case(1, "database", ("healthy", "down"), "database", "down", seen=is_seen(database="down")),
    Case(1, "database in /health", ("healthy", "down"), "database", "down", seen=is_seen(database="down")),
    Case(2, "module search", ("healthy", "down"), seen=is_seen(modules=(view("down"),))),
    Case(2, "module search", ("healthy", "degraded"), seen=is_seen(modules=(view("degraded"),))),
    Case(2, "module that does not exist", ("healthy", NONEXISTENT), said=says(missing_module="healthy")),
    Case(3, "workers", ("healthy", "down"), "workers", "down", seen=is_seen(broker=FROZEN)),
    Case(
        3, "workers", ("healthy", "down"), "workers", "down", seen=is_seen(broker=broker(workers_alive=0))
    ),
    Case(
        4, "tasks", ("healthy", "down"), "workers", "down",
        seen=is_seen(broker=broker(finished=30, failed=30)),
    ),
    Case(
        4, "tasks", ("healthy", "down"), "workers", "down",
        seen=is_seen(broker=broker(is_listening=False, finished=None, failed=None), results=BY_RESULTS),
    ),
    Case(5, "queue default", ("empty", "waiting"), seen=is_seen(hidden=("default",))),
    Case(6, "consumers of celery", ("consumed", "unconsumed"), seen=is_seen(broker=broker(queues=LOST))),
    Case(7, "database pool", ("healthy", "down"), said=says(pool=pool(12, 41.67))),
    Case(7, "database pool", ("healthy", "degraded"), said=says(pool=pool(11, 38.33))),
    Case(8, "model ncf_model", ("healthy", "down"), "models", "down", said=says(models=CORRUPT)),
    Case(9, "cache", ("healthy", "down"), "cache", "down", seen=is_seen(cache="down")),
    Case(10, "event bus", ("healthy", "degraded"), "event_bus", "degraded", seen=is_seen(bus=bus(19.02))),
    Case(
        11, "edge worker", ("healthy", "down"), "ingestion", "down",
        seen=is_seen(edge=EdgeWorker(reported_state="Idle", last_seen=NOW - 900)),
    ),
    Case(
        12, "sparse embeddings BAAI/bge-m3", ("healthy", "degraded"), "sparse_embeddings", "degraded",
        seen=is_seen(evidence=SALTED),
    ),
    Case(
        13, "ingestion HTTP status", ("healthy", "down"),
        said=says(ingestion=IngestionHealth("down", 200, {})),
    ),
    Case(13, "ingestion", ("healthy", "down"), "ingestion", "down", seen=is_seen(ingestion="down")),
    Case(14, "event bus counts", ("whole", "part"), seen=is_seen(processes=2)),
    Case(15, "redis", ("down", "healthy"), "redis", "healthy", said=REDIS_DENIED),
)  # fmt: skip


def sighted(said: Reports = HONEST_SAID, seen: Observations = HONEST_SEEN) -> ComparisonInput:
    """Reports and observations at the moment of the examples."""
    backend, database = BackendSource(Settings()), DatabaseSource(Settings().database)
    for question in (*backend.pollers(), *database.pollers()):
        question.requested_at = question.result_requested_at = question.succeeded_at = NOW
    return ComparisonInput(Settings(), NOW, said, seen, backend, database, StateChanges())


def status(component: str, sight: ComparisonInput) -> str:
    """The status in force of a component."""
    found = next(c for c in COMPONENTS if c.name == component)
    return effective_status(found.reported(sight), found.observed(sight))


@pytest.mark.parametrize("case", LIES, ids=str)
def test_a_lie_disagrees_and_the_status_is_the_observed_one(case: Case) -> None:
    sight = sighted(case.said(HONEST_SAID), case.seen(HONEST_SEEN))
    found = {words.subject: words for words in run_checks(sight)}
    assert found[case.subject][1:3] == case.words
    assert found[case.subject].disagrees
    if case.component is not None:
        assert status(case.component, sight) == case.status


def test_honest_reports_agree_in_every_row() -> None:
    found = list(run_checks(sighted()))
    assert [words for words in found if words.disagrees] == []
    assert {words.subject for words in found} >= {case.subject for case in LIES} - {"consumers of celery"}
    assert {status(component.name, sighted()) for component in COMPONENTS} == {"healthy"}


def test_the_table_covers_all_sixteen_rows() -> None:
    # the silence of row 16 is no report, so it is shown and contradicts nothing
    assert {row.number for row in CHECKS} == {case.row for case in LIES} | {16} == set(range(1, 17))


def test_without_any_report_or_observation_nothing_agrees_and_nothing_is_healthy() -> None:
    nothing = sighted(Reports(), Observations(answers=False))
    assert list(run_checks(nothing)) == []
    assert {status(c.name, nothing) for c in COMPONENTS if c.name != "api"} == {"unknown"}
    assert status("api", nothing) == "down"


def test_a_healthy_report_alone_is_not_enough() -> None:
    believed = sighted(HONEST_SAID, Observations(answers=True))
    assert status("database", believed) == "unknown"
    assert status("workers", believed) == "unknown"
    assert status("ingestion", believed) == "unknown"


def test_a_report_of_trouble_is_believed_where_nothing_is_seen() -> None:
    troubled = sighted(replace(HONEST_SAID, database="down"), Observations())
    assert status("database", troubled) == "down"


def test_two_words_for_trouble_do_not_disagree() -> None:
    honest = replace(HONEST_SAID, workers=WorkersReport("degraded", 1, 0))
    found = {w.subject: w for w in run_checks(sighted(honest, replace(HONEST_SEEN, broker=FROZEN)))}
    assert found["workers"][1:3] == ("degraded", "down")
    assert not found["workers"].disagrees


def test_messages_that_nobody_takes_do_not_make_the_workers_look_frozen() -> None:
    unrouted = replace(HONEST_SEEN, broker=broker(queues=LOST, last_task_event_at=NOW - 600))
    found = {w.subject: w for w in run_checks(sighted(HONEST_SAID, unrouted))}
    assert found["workers"].observed == "healthy"


def test_a_report_of_workers_is_renewed_once_workers_came_or_went() -> None:
    """Else five would be reported beside three that are up, and rightly so when it was asked."""
    renewed, since = [], StateChanges()
    for count, moment in ((5, NOW), (5, NOW + 10), (3, NOW + 20), (3, NOW + 30)):
        inputs = replace(sighted(seen=is_seen(broker=broker(workers_alive=count))(HONEST_SEEN)), since=since)
        inputs = replace(inputs, now=moment)
        inputs.backend.workers.request_refresh = lambda at=moment: renewed.append(at)  # type: ignore[method-assign, misc]
        list(run_checks(inputs))
    assert renewed == [NOW + 20, NOW + 30]  # until there is a report from after the change
