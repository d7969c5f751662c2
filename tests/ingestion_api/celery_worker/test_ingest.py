"""A repository is really ingested: cloned over HTTP, its files turned into resources, each with a vector."""

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from ingestion_api.celery_worker.context import WorkerContext, make_context
from ingestion_api.celery_worker.tasks import ingest_repository, run_job
from ingestion_api.embeddings.corpus import corpus_statistics
from ingestion_api.encoder import Bm25Encoder, CorpusStatistics, count_corpus, model_name, score
from ingestion_api.encoder.tokens import count_tokens
from ingestion_api.jobs.submit import IngestionRequest, SubmissionPolicy, accept_job
from ingestion_api.repository import check_url
from ingestion_api.settings import Settings
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import CorpusTerm, IngestedFile, Job, JobEvent, Resource
from tests.ingestion_api.conftest import KEEPER
from tests.ingestion_api.git_server import GitServer, add_commit, write_repository
from tests.ingestion_api.git_server import git as run_git

FILES: dict[str, str | bytes] = {
    "README.md": "The lighthouse warns ships of the rocks.",
    "src/lamp.py": "def turn(lamp):\n    return lamp.angle + 1\n",
    "src/horn.py": "def sound(horn):\n    return horn.blow()\n",
    "picture.png": b"\x89PNG\r\n\x1a\n\x00\x00",
    "node_modules/x/index.js": "module.exports = 1",
}

MODEL = model_name("bm25")


@pytest.fixture
def context(settings: Callable[..., Settings]) -> Iterator[WorkerContext]:
    """A worker's bench."""
    context = make_context(settings(encoder="bm25", batch_size=2, retry_base=0.01))
    migrate(context.store.engine)
    yield context
    context.close()


def ingest(context: WorkerContext, git: GitServer, name: str = "tower") -> Job:
    """The job after a worker has done it."""
    url = check_url(f"{git.origin}/{name}", context.rules)
    job = accept_job(
        context.store, IngestionRequest(url, KEEPER), SubmissionPolicy(10, "celery"), context.clock()
    ).job
    run_job(context, job.id, "hands", ingest_repository)
    with context.store.read() as session:
        return session.get_one(Job, job.id)


def resources(context: WorkerContext) -> dict[str, Resource]:
    """All resources by title."""
    with context.store.read() as session:
        return {row.title: row for row in session.scalars(select(Resource))}


def known(context: WorkerContext) -> CorpusStatistics:
    """All that is known of the corpus."""
    with context.store.read() as session:
        tokens = session.scalars(select(CorpusTerm.token))
        return corpus_statistics(session, MODEL, tokens)


def test_text_files_become_resources_with_vectors(context: WorkerContext, git: GitServer) -> None:
    """Binary and vendored files do not; nothing is left in the scratch folder."""
    write_repository(git.root / "tower", FILES)
    job = ingest(context, git)
    assert (job.state, job.error, job.stage) == ("complete", None, "done")
    assert (job.files_processed, job.files_total, job.embeddings_generated) == (3, 3, 3)
    rows = resources(context)
    assert sorted(rows) == ["README.md", "src/horn.py", "src/lamp.py"]
    readme = rows["README.md"]
    assert readme.description == "The lighthouse warns ships of the rocks."
    assert readme.identifier == f"{git.origin}/tower#README.md"
    assert (readme.sparse_embedding_model, readme.ingestion_status) == (MODEL, "completed")
    assert readme.sparse_embedding_updated_at is not None
    assert list(context.scratch.iterdir()) == []


def test_the_story_tells_what_was_read_and_what_was_left_out(context: WorkerContext, git: GitServer) -> None:
    """By encoding and by reason; a text in Shift-JIS is a resource like others."""
    write_repository(
        git.root / "tower", {**FILES, "読んで.txt": "灯台守は毎晩、船を導く。".encode("shift_jis")}
    )
    job = ingest(context, git)
    with context.store.read() as session:
        notes = session.scalars(select(JobEvent.note).where(JobEvent.job_id == job.id)).all()
    assert any("read 4 files (3 utf-8, 1 cp932), left out 1 (1 binary)" in (note or "") for note in notes)
    assert resources(context)["読んで.txt"].description == "灯台守は毎晩、船を導く。"


def test_stored_vectors_answer_a_query(context: WorkerContext, git: GitServer) -> None:
    """With the statistics that were stored beside them."""
    write_repository(git.root / "tower", FILES)
    ingest(context, git)
    question = "ships near rocks"
    with context.store.read() as session:
        encoder = Bm25Encoder(corpus_statistics(session, MODEL, count_tokens(question)))
    query = encoder.encode_query(question)
    scores = {
        title: score(
            query, {int(token): weight for token, weight in json.loads(row.sparse_embedding or "").items()}
        )
        for title, row in resources(context).items()
    }
    assert max(scores, key=lambda title: scores[title]) == "README.md"


def test_ingesting_again_updates_what_changed_and_nothing_else(
    context: WorkerContext, git: GitServer
) -> None:
    """Unchanged files keep their rows, changed ones theirs with a new vector, vanished ones go."""
    directory = write_repository(git.root / "tower", FILES)
    ingest(context, git)
    before = resources(context)
    run_git(directory, "rm", "--quiet", "src/horn.py")
    add_commit(directory, {"README.md": "The bell warns ships of the fog.", "bell.md": "It rings."})
    job = ingest(context, git)
    after = resources(context)
    assert (job.state, job.files_processed, job.embeddings_generated) == ("complete", 3, 2)
    assert sorted(after) == ["README.md", "bell.md", "src/lamp.py"]
    assert after["README.md"].id == before["README.md"].id
    assert after["README.md"].sparse_embedding != before["README.md"].sparse_embedding
    assert after["README.md"].created_at == before["README.md"].created_at
    assert (
        after["src/lamp.py"].sparse_embedding_updated_at == before["src/lamp.py"].sparse_embedding_updated_at
    )


def test_the_corpus_statistics_follow_the_files(context: WorkerContext, git: GitServer) -> None:
    """After any number of ingestions they are those of the texts that are there."""
    directory = write_repository(git.root / "tower", FILES)
    ingest(context, git)
    run_git(directory, "rm", "--quiet", "src/horn.py")
    add_commit(directory, {"README.md": "The bell warns ships of the fog."})
    ingest(context, git)
    assert known(context) == count_corpus(
        f"{row.title}\n{row.description}" for row in resources(context).values()
    )
    assert known(context).documents == 2


def test_a_row_that_somebody_deleted_comes_back(context: WorkerContext, git: GitServer) -> None:
    """What was ingested before is looked for, not only remembered."""
    write_repository(git.root / "tower", FILES)
    ingest(context, git)
    with context.store.write() as session:
        session.delete(session.scalars(select(Resource).where(Resource.title == "README.md")).one())
    ingest(context, git)
    assert resources(context)["README.md"].sparse_embedding


def test_a_repository_that_is_not_there_fails_at_once(context: WorkerContext, git: GitServer) -> None:
    """With the reason; a second attempt would change nothing."""
    job = ingest(context, git, "nowhere")
    assert (job.state, job.attempts) == ("failed", 1)
    assert job.error


def test_a_host_that_fails_half_way_is_asked_again(context: WorkerContext, git: GitServer) -> None:
    """After a while, and not for ever."""
    git.statuses["/tower"] = 503
    write_repository(git.root / "tower", FILES)
    job = ingest(context, git)
    assert (job.state, job.attempts) == ("pending", 1)
    assert job.not_before is not None
    for _ in range(2):
        run_job(context, job.id, "hands", ingest_repository)
    with context.store.read() as session:
        ended = session.get_one(Job, job.id)
    assert (ended.state, ended.attempts) == ("failed", 3)
    assert ended.error


def test_an_unreadable_encoder_name_fails_the_job_with_a_sentence(
    settings: Callable[..., Settings], git: GitServer
) -> None:
    """The files are stored all the same."""
    context = make_context(settings(encoder="semaphore"))
    migrate(context.store.engine)
    write_repository(git.root / "tower", FILES)
    job = ingest(context, git)
    assert job.state == "failed"
    assert "encoder is 'semaphore'" in (job.error or "")


def test_rows_are_of_the_repository_not_of_its_spelling(
    context: WorkerContext, git: GitServer, tmp_path: Path
) -> None:
    """With .git at its end it is the same."""
    write_repository(git.root / "tower", FILES)
    shutil.copytree(git.root / "tower", git.root / "tower.git")
    ingest(context, git)
    ingest(context, git, "tower.git")
    assert len(resources(context)) == 3
    with context.store.read() as session:
        assert len(session.scalars(select(IngestedFile)).all()) == 3
