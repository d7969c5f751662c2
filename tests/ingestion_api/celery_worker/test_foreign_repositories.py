"""Hostile, broken, emptied repositories: no later job suffers, no resource goes unless its file is gone."""

import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event, select, text

from ingestion_api.celery_worker.context import WorkerContext, make_context
from ingestion_api.celery_worker.tasks import Work, ingest_repository, run_job
from ingestion_api.jobs.lease import ClaimedJob, JobControl
from ingestion_api.jobs.submit import IngestionRequest, SubmissionPolicy, accept_job
from ingestion_api.repository import check_url
from ingestion_api.settings import Settings
from ingestion_api.store.engine import WRITE_OPTION, open_engine
from ingestion_api.store.migrate import migrate
from ingestion_api.store.tables import IngestedFile, Job, JobEvent, Resource
from tests.ingestion_api.conftest import KEEPER
from tests.ingestion_api.git_server import GitServer
from tests.ingestion_api.hostile import FILE, FOLDER, LINK, HostileRepository, killed, nest_folders
from tests.ingestion_api.resources.backend_table import COLUMNS, vectors

MANY = [f"file-{number:02}.md" for number in range(30)]


@pytest.fixture
def bench_under(settings: Callable[..., Settings]) -> Iterator[Callable[..., WorkerContext]]:
    """A function that gives a worker's bench; keywords change settings."""
    with ExitStack() as open_ones:

        def build(**changes: Any) -> WorkerContext:
            context = make_context(settings(retry_base=0.01, max_attempts=2, **changes))
            open_ones.callback(context.close)
            migrate(context.store.engine)
            return context

        yield build


@pytest.fixture
def context(bench_under: Callable[..., WorkerContext]) -> WorkerContext:
    """One with usual settings."""
    return bench_under()


@pytest.fixture
def tower(git: GitServer) -> HostileRepository:
    """A repository on the host."""
    return HostileRepository(git.root / "tower")


@pytest.fixture
def ingest(context: WorkerContext, git: GitServer) -> Callable[..., Job]:
    """A function that gives the job after a worker has done it."""

    return lambda name="tower", work=ingest_repository: ingested(context, f"{git.origin}/{name}", work)


def ingested(context: WorkerContext, address: str, work: Work = ingest_repository) -> Job:
    """The job after a worker has done it."""
    order = IngestionRequest(check_url(address, context.rules), KEEPER)
    job = accept_job(context.store, order, SubmissionPolicy(10, "celery"), context.clock()).job
    run_job(context, job.id, "hands", work)
    with context.store.read() as session:
        return session.get_one(Job, job.id)


def titles(context: WorkerContext) -> list[str]:
    """The titles of all resources."""
    with context.store.read() as session:
        return sorted(session.scalars(select(Resource.title)))


def story(context: WorkerContext, job: Job) -> str:
    """What was noted at the end of a job."""
    with context.store.read() as session:
        query = select(JobEvent.note).where(JobEvent.job_id == job.id, JobEvent.ending)
        return session.scalars(query).one() or ""


@pytest.mark.usefixtures("no_deep_folders")
def test_a_thousand_nested_folders_cost_no_other_job(
    context: WorkerContext, git: GitServer, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    deep = tower.nested(1100, tower.tree([(FILE, b"deep.md", tower.blob(b"deep"))]))
    tower.commit(tower.tree([(FILE, b"README.md", tower.blob(b"words")), (FOLDER, b"d", deep)]))
    HostileRepository(git.root / "lamp").files(["lamp.md"])
    bad = ingest()
    good = ingest("lamp")
    assert (bad.state, bad.error) == ("complete", None)
    assert "left out: 1 paths that are too deep or too long" in story(context, bad)
    assert (good.state, good.error) == ("complete", None)
    assert titles(context) == ["README.md", "lamp.md"]
    assert not list(context.scratch.iterdir())


@pytest.mark.usefixtures("no_deep_folders")
def test_a_deep_scratch_folder_of_a_killed_worker_costs_no_job(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    """As older versions left them."""
    tower.files(["a.md"])
    nest_folders(killed(context.scratch), 1100)
    job = ingest()
    assert (job.state, job.error) == ("complete", None)
    assert not list(context.scratch.iterdir())


def test_links_become_no_resources_and_are_counted(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    link = tower.blob(b"/etc/passwd")
    tower.commit(
        tower.tree([(FILE, b"README.md", tower.blob(b"words")), (LINK, b"a", link), (LINK, b"b", link)])
    )
    job = ingest()
    assert titles(context) == ["README.md"]
    assert story(context, job) == "left out: 2 symbolic links"


def test_a_head_that_names_no_branch_removes_nothing(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    tower.files(["a.md", "b.md"])
    ingest()
    tower.head("renamed")
    job = ingest()
    assert (job.state, job.attempts) == ("failed", 1)
    assert "HEAD names none of them" in (job.error or "")
    assert titles(context) == ["a.md", "b.md"]


def test_a_repository_that_is_emptied_removes_nothing(
    context: WorkerContext, git: GitServer, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    """One that was always empty is no failure."""
    HostileRepository(git.root / "empty")
    tower.files(["a.md"])
    ingest()
    (tower.directory / "refs/heads/main").unlink()
    job, empty = ingest(), ingest("empty")
    assert job.state == "failed"
    assert "the repository is empty" in (job.error or "")
    assert "its 1 resources stay" in (job.error or "")
    assert (empty.state, empty.error, empty.files_processed) == ("complete", None, 0)
    assert titles(context) == ["a.md"]


def test_a_repository_that_cannot_be_read_removes_nothing(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    tower.files(["a.md", "b.md"])
    ingest()
    tower.commit(tower.tree([(FILE, b"a.md", "2" * 40)]))
    job = ingest()
    assert job.state == "pending"  # to be tried again
    assert "git did not get the repository" in (job.error or "")
    assert titles(context) == ["a.md", "b.md"]


def test_a_mass_removal_waits_for_a_second_job(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    tower.files(MANY)
    ingest()
    tower.files(MANY[:10])
    first = ingest()
    assert (first.state, first.error) == ("complete", None)
    assert first.reason == story(context, first)
    assert "20 of 30 files are gone at once; 20 resources stay" in (first.reason or "")
    assert titles(context) == MANY
    second = ingest()
    assert (second.state, second.reason) == ("complete", None)
    assert titles(context) == MANY[:10]


def test_a_second_attempt_of_a_job_is_no_second_look(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    tower.files(MANY)
    ingest()
    tower.files(MANY[:10])

    def fail_at_the_end(context: WorkerContext, claim: ClaimedJob, control: JobControl) -> None:
        ingest_repository(context, claim, control)
        raise OSError("the lamp went out")

    job = ingest(work=fail_at_the_end)
    assert job.state == "pending"
    run_job(context, job.id, "hands", ingest_repository)
    assert titles(context) == MANY


def test_files_that_come_back_are_not_missed_any_more(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job]
) -> None:
    for there in (MANY, MANY[:10], MANY):
        tower.files(there)
        ingest()
    with context.store.read() as session:
        assert set(session.scalars(select(IngestedFile.missed_by))) == {None}
    tower.files(MANY[:10])
    assert "20 resources stay" in (ingest().reason or "")
    assert titles(context) == MANY


@pytest.mark.parametrize(("before", "after"), [(20, 0), (30, 15)])
def test_a_small_removal_is_done_at_once(
    context: WorkerContext, tower: HostileRepository, ingest: Callable[..., Job], before: int, after: int
) -> None:
    tower.files(MANY[:before])
    ingest()
    tower.files(MANY[:after])
    assert ingest().reason is None
    assert titles(context) == MANY[:after]


def test_a_full_disk_is_told_as_ours_and_tried_again(
    bench_under: Callable[..., WorkerContext], git: GitServer, tower: HostileRepository
) -> None:
    context = bench_under(clone_free=2**60)
    tower.files(["a.md"])
    job = ingested(context, f"{git.origin}/tower")
    assert (job.state, git.asked) == ("pending", [])
    assert "the worker's scratch folder has" in (job.error or "")


def test_the_limit_on_time_holds_until_the_last_row(
    bench_under: Callable[..., WorkerContext], git: GitServer, tower: HostileRepository
) -> None:
    """The first row takes as long as everything may take together."""
    context = bench_under(clone_seconds=3.0)
    tower.files(MANY)
    late = threading.Event()

    def hesitate(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        if statement.startswith("INSERT INTO resources"):
            late.wait(3.0)

    event.listen(context.store.engine, "before_cursor_execute", hesitate)
    job = ingested(context, f"{git.origin}/tower")
    assert (job.state, job.error) == ("failed", "cloning took over 3 s, which is the limit")
    assert job.files_processed


def refusing_table(url: str) -> None:
    """A table that takes no long titles, as a backend's may be."""
    engine = open_engine(url)
    with (
        engine.connect().execution_options(**{WRITE_OPTION: True}) as connection,
        connection.begin(),
    ):
        connection.execute(text(f"CREATE TABLE resources ({COLUMNS}, CHECK (length(title) < 20))"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgres"])
def refusing_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A backend's database of each kind, whose table takes no long titles."""
    url = f"sqlite:///{tmp_path}/backend.db"
    if request.param == "postgres":
        url = request.getfixturevalue("postgres_server").fresh_database()
    engine = open_engine(url)
    with (
        engine.connect().execution_options(**{WRITE_OPTION: True}) as connection,
        connection.begin(),
    ):
        connection.execute(text(f"CREATE TABLE resources ({COLUMNS}, CHECK (length(title) < 20))"))
    engine.dispose()
    return url


def test_a_file_that_the_database_refuses_costs_only_itself(
    bench_under: Callable[..., WorkerContext], git: GitServer, tower: HostileRepository, refusing_url: str
) -> None:
    context = bench_under(resources_url=refusing_url)
    tower.files([*MANY, "a-name-that-is-too-long.md"])
    job = ingested(context, f"{git.origin}/tower")
    assert (job.state, job.reason) == ("complete", "the database of resources refuses 1 files")
    assert len(vectors(refusing_url)) == len(MANY)


def test_a_database_that_refuses_every_file_fails_the_job(
    bench_under: Callable[..., WorkerContext], git: GitServer, tower: HostileRepository, refusing_url: str
) -> None:
    context = bench_under(resources_url=refusing_url)
    tower.files(["a-name-that-is-too-long.md"])
    job = ingested(context, f"{git.origin}/tower")
    assert (job.state, job.error) == (
        "failed",
        "The database of resources refuses every file of the repository.",
    )
