"""Sparse vectors are generated for the backend's own resources, in batches, resumed where they stopped."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from ingestion_api.celery_worker.context import WorkerContext, make_context
from ingestion_api.celery_worker.tasks import generate_vectors, run_job
from ingestion_api.embeddings import corpus
from ingestion_api.embeddings.request import GenerationParameters, accept_generation
from ingestion_api.encoder import model_name
from ingestion_api.errors import Conflict
from ingestion_api.jobs.cancel import cancel_job
from ingestion_api.jobs.lease import ClaimedJob, JobControl
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.settings import Settings
from ingestion_api.store.engine import WRITE_OPTION, open_engine
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import Corpus, CountedText, Job
from tests.ingestion_api.conftest import KEEPER, MORNING
from tests.ingestion_api.resources.backend_table import add_rows, make_table, vectors
from tests.servers.postgres_server import PostgresServer

MODEL = model_name("bm25")
MISSING = GenerationParameters(None, batch_size=10)


@pytest.fixture(params=["sqlite", "postgres"])
def backend_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A backend's database of each kind, with its empty table."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path}/backend.db"
    else:
        server: PostgresServer = request.getfixturevalue("postgres_server")
        url = server.fresh_database()
    make_table(url)
    return url


@pytest.fixture
def context(settings: Callable[..., Settings], backend_url: str) -> Iterator[WorkerContext]:
    """A worker's bench with the backend's table."""
    context = make_context(settings(resources_url=backend_url))
    migrate(context.store.engine)
    yield context
    context.close()


def generate(context: WorkerContext, wanted: GenerationParameters = MISSING) -> Job:
    """The job after a worker has done it."""
    job = accept_generation(context.store, wanted, 0, KEEPER, context.clock())
    run_job(context, job.id, "hands", generate_vectors)
    return job_of(context, job.id)


def job_of(context: WorkerContext, job_id: int) -> Job:
    """The job now."""
    with context.store.read() as session:
        return session.get_one(Job, job_id)


def test_missing_vectors_are_made_and_named_truthfully(context: WorkerContext, backend_url: str) -> None:
    """JSON of token ids and weights; a vector that is there already stays."""
    old = add_rows(backend_url, 3, '{"7": 1.5}', "BAAI/bge-m3")
    new = add_rows(backend_url, 25)
    job = generate(context)
    stored = vectors(backend_url)
    assert (job.state, job.error) == ("complete", None)
    assert (job.embeddings_total, job.embeddings_generated) == (25, 25)
    assert {stored[key] for key in old} == {('{"7": 1.5}', "BAAI/bge-m3")}
    assert {stored[key][1] for key in new} == {MODEL}
    vector = json.loads(stored[new[0]][0] or "")
    assert vector
    assert all(token.isdigit() and weight > 0 for token, weight in vector.items())


def test_named_resources_are_made_anew(context: WorkerContext, backend_url: str) -> None:
    """Those and no others."""
    old = add_rows(backend_url, 3, '{"7": 1.5}', "BAAI/bge-m3")
    generate(context, GenerationParameters((old[0],), 10))
    stored = vectors(backend_url)
    assert [stored[key][1] for key in old] == [MODEL, "BAAI/bge-m3", "BAAI/bge-m3"]


def test_a_rebuild_makes_every_vector_anew(context: WorkerContext, backend_url: str) -> None:
    """From statistics of the whole corpus."""
    add_rows(backend_url, 3, '{"7": 1.5}', "BAAI/bge-m3")
    add_rows(backend_url, 4)
    job = generate(context, GenerationParameters(None, 2, rebuild=True))
    assert (job.state, job.embeddings_generated) == ("complete", 7)
    assert {model for _, model in vectors(backend_url).values()} == {MODEL}


def test_vectors_of_another_model_are_made_anew(context: WorkerContext, backend_url: str) -> None:
    """Those and no others, and the texts are counted."""
    old = add_rows(backend_url, 3, '{"7": 1.5}', "bm25-english-v1")
    new = add_rows(backend_url, 4)
    generate(context)
    before = vectors(backend_url)
    job = generate(context, GenerationParameters(None, 2, outdated=True))
    stored = vectors(backend_url)
    assert (job.state, job.embeddings_generated, job.embeddings_total) == ("complete", 3, 3)
    assert {stored[key][1] for key in old} == {MODEL}
    assert {key: stored[key] for key in new} == {key: before[key] for key in new}
    with context.store.read() as session:
        assert corpus.corpus_statistics(session, MODEL).documents == 7
    assert generate(context, GenerationParameters(None, 2, outdated=True)).embeddings_total == 0


def test_a_job_of_the_release_before_is_done(context: WorkerContext, backend_url: str) -> None:
    """Whose parameters say nothing of other models."""
    add_rows(backend_url, 2)
    job = accept_generation(context.store, MISSING, 0, KEEPER, context.clock())
    with context.store.write() as session:
        known = session.get_one(Job, job.id)
        known.parameters = {"resource_ids": None, "batch_size": 10, "rebuild": False}
    run_job(context, job.id, "hands", generate_vectors)
    assert job_of(context, job.id).embeddings_generated == 2


def test_a_rebuild_counts_the_corpus_anew_and_forgets_the_old(
    context: WorkerContext, backend_url: str
) -> None:
    """What the backend has deleted meanwhile is counted no more."""
    ids = add_rows(backend_url, 6)
    generate(context)
    engine = open_engine(backend_url)
    with (
        engine.connect().execution_options(**{WRITE_OPTION: True}) as connection,
        connection.begin(),
    ):
        connection.execute(text("DELETE FROM resources WHERE id = :id"), {"id": ids[0]})
    engine.dispose()
    generate(context, GenerationParameters(None, 2, rebuild=True))
    with context.store.read() as session:
        assert corpus.corpus_statistics(session, MODEL).documents == 5
        assert session.scalar(select(func.count()).select_from(Corpus)) == 1
        assert session.scalar(select(func.count()).select_from(CountedText)) == 5


@pytest.mark.parametrize("rebuild", [False, True])
def test_an_interrupted_generation_goes_on_where_it_stopped(
    context: WorkerContext, backend_url: str, monkeypatch: pytest.MonkeyPatch, rebuild: bool
) -> None:
    """Every batch that was committed stays; no text is embedded twice."""
    add_rows(backend_url, 35)
    written: list[int] = []
    put = rows.store_vectors

    def fail_at_the_third(table: ResourceTable, pairs: list[tuple[object, str]], *rest: object) -> None:
        if len(written) == 2:
            written.append(0)
            raise OSError("the disk is full")
        put(table, pairs, *rest)  # type: ignore[arg-type]
        written.append(len(pairs))

    monkeypatch.setattr(rows, "store_vectors", fail_at_the_third)
    job = generate(context, GenerationParameters(None, 10, rebuild=rebuild))
    assert (job.state, job.embeddings_generated) == ("pending", 20)
    run_job(context, job.id, "hands", generate_vectors)
    assert written == [10, 10, 0, 10, 5]
    ended = job_of(context, job.id)
    assert (ended.state, ended.embeddings_generated, ended.embeddings_total) == ("complete", 35, 35)


def test_a_cancelled_generation_keeps_what_it_made(context: WorkerContext, backend_url: str) -> None:
    """And ends as cancelled."""
    add_rows(backend_url, 30)
    job = accept_generation(context.store, MISSING, 30, KEEPER, context.clock())

    def cancel_after_two(watched: WorkerContext, claim: ClaimedJob, control: JobControl) -> None:
        saved = 0

        def save() -> None:
            nonlocal saved
            saved += 1
            if saved == 2:
                cancel_job(context.store, job.id, KEEPER, MORNING)
            hold_save()

        hold_save, control.save = control.save, save
        generate_vectors(watched, claim, control)

    run_job(context, job.id, "hands", cancel_after_two)
    ended = job_of(context, job.id)
    assert (ended.state, ended.embeddings_generated) == ("cancelled", 20)
    assert sum(model == MODEL for _, model in vectors(backend_url).values()) == 20


def test_only_one_generation_is_active(context: WorkerContext, backend_url: str) -> None:
    """The same one again is that one; another one has to wait."""
    add_rows(backend_url, 1)
    first = accept_generation(context.store, MISSING, 1, KEEPER, context.clock())
    assert accept_generation(context.store, MISSING, 1, KEEPER, context.clock()).id == first.id
    with pytest.raises(Conflict, match=f"Generation {first.id} is still pending"):
        accept_generation(
            context.store, GenerationParameters(None, 10, rebuild=True), 1, KEEPER, context.clock()
        )


def test_a_text_without_words_gets_an_empty_vector(context: WorkerContext, backend_url: str) -> None:
    """Which is a vector: it is not made again and again."""
    add_rows(backend_url, 1)
    table = context.resources.table()
    key = next(iter(vectors(backend_url)))
    silent = {"id": key, "title": "...", "description": "the", "ingestion_status": "completed"}
    rows.upsert(table, [silent], MORNING)
    generate(context)
    assert vectors(backend_url)[key] == ("{}", MODEL)
    assert generate(context).embeddings_total == 0
