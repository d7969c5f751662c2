"""Service, worker and Redis are killed again and again: each accepted job still ends, and ends once."""

import itertools
import threading
import time
from collections import Counter
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from ingestion_api.jobs.states import ENDED
from ingestion_api.store import Store
from ingestion_api.store.tables import Job, JobEvent, Resource
from tests.ingestion_api.git_server import GitServer, serving, write_repository
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually

JOBS = 204
ROUNDS = 9
FILES = 3


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitServer]:
    """One real repository under many names; the rest is not there, or out of order."""
    root = tmp_path / "repositories"
    write_repository(root / "real", {f"lamp{n}.md": f"Lamp {n} turns." for n in range(FILES)})
    for number in range(JOBS):
        if number % 3 == 0:
            (root / f"real-{number}").symlink_to(root / "real")
    server = GitServer(root)
    server.statuses["/ill-"] = 503
    with serving(server):
        yield server


class Client(threading.Thread):
    """Asks for every job until it is accepted, whatever happens to the service meanwhile."""

    def __init__(self, service: ServiceProcess, git: GitServer) -> None:
        super().__init__(name="client")
        self._service = service
        self._origin = git.origin
        self.accepted: dict[int, str] = {}
        self.broken = 0

    def run(self) -> None:
        """Ask."""
        kinds = itertools.cycle(("real", "gone", "ill"))
        with httpx2.Client(headers=AUTHORIZED, timeout=10.0) as client:
            for number, kind in zip(range(JOBS), kinds, strict=False):
                repo = f"{self._origin}/{kind}-{number}"
                self.accepted[self._until_accepted(client, repo)] = repo

    def _until_accepted(self, client: httpx2.Client, repo: str) -> int:
        url = f"{self._service.url}/api/v1/ingestion/ingest/{repo}"
        while True:
            try:
                answer = client.post(url, headers={"Idempotency-Key": repo})
            except httpx2.TransportError:
                self.broken += 1
                time.sleep(0.05)  # a refused connection costs nothing: do not spin
                continue
            if answer.status_code == 200:
                return int(answer.json()["job_id"])
            assert answer.status_code in (429, 503), answer.text
            time.sleep(0.05)


@pytest.mark.timeout(300)  # most of it is starting processes, which a busy machine does slowly
def test_every_accepted_job_ends_exactly_once(
    tmp_path: Path, own_redis_server: RedisServer, git: GitServer, capsys: pytest.CaptureFixture[str]
) -> None:
    """With a Redis that forgets everything each time."""
    env = environment(
        tmp_path / "run",
        own_redis_server.url,
        queue_limit=40,
        max_attempts=2,
        max_losses=100,
        log_level="warning",
    )
    service = ServiceProcess(tmp_path / "service.log", env)
    hands = worker(tmp_path, env, "hands", processes=2)
    store = Store.at(f"sqlite:///{tmp_path}/run/service/service.db")
    with started(service), started(hands):
        client = Client(service, git)
        client.start()
        victims = itertools.cycle((hands, own_redis_server, service))
        for victim, _round in zip(victims, range(ROUNDS), strict=False):
            enough = progress_of(store) + 3
            victim.kill()
            victim.start()
            # let something happen between two blows
            eventually(partial(reached, store, enough), within=20.0)
        client.join(timeout=60)
        assert len(client.accepted) == JOBS
        endings = eventually(lambda: all_ended(store), within=60.0)
    with capsys.disabled():
        print(  # noqa: T201 - the count is asked for
            f"\n{JOBS} accepted jobs, {ROUNDS} kills, {client.broken} broken requests: {dict(endings)}"
        )
    assert once_each(store, client.accepted) == []
    assert endings.total() == JOBS
    assert rows_of_complete_jobs(store) == endings["complete"] * FILES


def reached(store: Store, steps: int) -> bool:
    """Whether the jobs have taken so many steps."""
    return progress_of(store) >= steps


def progress_of(store: Store) -> int:
    """How many steps all jobs have taken so far."""
    with store.read() as session:
        return session.scalar(select(func.count()).select_from(JobEvent)) or 0


def all_ended(store: Store) -> Counter[str]:
    """The states of all jobs; AssertionError while one has not ended."""
    with store.read() as session:
        states = Counter(session.scalars(select(Job.state)))
    assert set(states) <= set(ENDED), states
    return states


def once_each(store: Store, accepted: dict[int, str]) -> list[Any]:
    """What is wrong: accepted jobs without their one ending, and endings nobody asked for."""
    with store.read() as session:
        endings = Counter(session.scalars(select(JobEvent.job_id).where(JobEvent.ending)))
        states = {job.id: job.state for job in session.scalars(select(Job))}
    wrong = [job_id for job_id in accepted if endings[job_id] != 1 or states.get(job_id) not in ENDED]
    return wrong + sorted(set(endings) - set(accepted))


def rows_of_complete_jobs(store: Store) -> int:
    """How many resources there are with a vector, each once."""
    with store.read() as session:
        vectors = session.scalars(select(Resource.sparse_embedding).where(Resource.sparse_embedding != "{}"))
        return len(vectors.all())
