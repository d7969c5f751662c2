"""What a small job costs depends on its own texts, not on how many terms are known.

`make bench-service` tells the seconds.
"""

import tracemalloc
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import Engine, event

from benchmarks.corpus_load import fill
from ingestion_api.celery_worker.context import WorkerContext, make_context
from ingestion_api.embeddings import terms
from ingestion_api.embeddings.scope import Scope
from ingestion_api.embeddings.vectors import EncodingContext, embed_resources
from ingestion_api.jobs.lease import JobControl
from ingestion_api.resources import rows
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from tests.ingestion_api.encoder.collection import TEXTS

KNOWN = 100_000


@pytest.fixture
def context(settings: Callable[..., Settings], store: Store) -> Iterator[WorkerContext]:
    """A worker's bench on each kind of database."""
    context = make_context(settings(database_url=store.engine.url.render_as_string(hide_password=False)))
    yield context
    context.close()


def small_job(context: WorkerContext, job_id: int, max_terms: int) -> tuple[Counter[str], int]:
    """The statements of a job of two texts, and the most bytes that it held."""
    table = context.resources.table()
    made = [
        {
            "id": f"{job_id}-{n}",
            "title": f"Text {job_id}",
            "description": body,
            "ingestion_status": "completed",
        }
        for n, body in enumerate(TEXTS[:2])
    ]
    rows.upsert(table, made, context.clock())
    encoding = EncodingContext(context.store, table, context.clock, "bm25", job_id, 100, max_terms)
    asked: Counter[str] = Counter()

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        asked[statement[:25]] += 1

    event.listen(Engine, "before_cursor_execute", note)
    tracemalloc.start()
    embed_resources(encoding, Scope([row["id"] for row in made]), JobControl())
    held = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    event.remove(Engine, "before_cursor_execute", note)
    return asked, held


def test_a_small_job_costs_the_same_however_many_terms_are_known(context: WorkerContext) -> None:
    small_job(context, 1, KNOWN)
    few, _ = small_job(context, 2, KNOWN)
    fill(context.settings.database, KNOWN)
    many, held = small_job(context, 3, 2 * KNOWN)
    assert many == few
    assert held < 1_000_000


def test_at_the_bound_it_pays_for_the_terms_that_it_brings(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step or two of a pruning, of thousands that there would be."""
    monkeypatch.setattr(terms, "SLICE_ROWS", 200)
    small_job(context, 1, KNOWN)
    few, _ = small_job(context, 2, KNOWN)
    fill(context.settings.database, KNOWN)
    many, held = small_job(context, 3, KNOWN)
    assert many.total() <= few.total() + 8 * 3
    assert held < 1_000_000
