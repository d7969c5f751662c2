"""Service, worker and Redis are killed again and again: each accepted job still ends, and ends once."""

import itertools
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import httpx2
import pytest
from sqlalchemy import func, select

from ingestion_api.jobs.states import ENDED, PROCESSING
from ingestion_api.store import Store
from ingestion_api.store.tables import Job, JobEvent, Resource
from tests.ingestion_api.git_server import GitServer, serving, write_repository
from tests.ingestion_api.processes import AUTHORIZED, ServiceProcess, environment, worker
from tests.servers.celery_worker import CeleryWorker
from tests.servers.fixtures import started
from tests.servers.postgres_server import PostgresServer
from tests.servers.processes import Server, signal_all, tree
from tests.servers.redis_server import RedisServer
from tests.servers.tcp_proxy import TcpProxy, proxying
from tests.servers.waiting import eventually

FILES = 3
WORKER, CHILD, REDIS, SERVICE = "worker", "child", "redis", "service"
FORGET, SILENCE = "forget", "silence"  # Redis loses its data; its connections end without a word
# most jobs end without a clone, which costs ten processes; a third is tried twice
KINDS = ("real", "gone", "ill", "gone", "ill", "gone")


@dataclass(frozen=True)
class Round:
    """How many jobs there are, and what is killed in which order while they come in."""

    jobs: int
    blows: tuple[str, ...]


ROUNDS = {
    "sqlite": Round(72, (WORKER, REDIS, SILENCE, SERVICE, CHILD, FORGET, WORKER, SERVICE, REDIS)),
    "postgres": Round(40, (WORKER, REDIS, SILENCE, SERVICE, FORGET, CHILD)),
    "sqlite-204": Round(204, (WORKER, REDIS, SILENCE, SERVICE, CHILD, FORGET, WORKER, SERVICE, REDIS)),
}


@pytest.fixture(params=["sqlite", "postgres", pytest.param("sqlite-204", marks=pytest.mark.fuzz)])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Round, str]:
    """The round, and the address of the database it runs on."""
    if request.param != "postgres":
        return ROUNDS[request.param], f"sqlite:///{tmp_path}/own.db"
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return ROUNDS[request.param], server.fresh_database()


@pytest.fixture
def git(tmp_path: Path) -> Iterator[GitServer]:
    """One real repository under many names; the rest is not there, or out of order."""
    root = tmp_path / "repositories"
    write_repository(root / "real", {f"lamp{n}.md": f"Lamp {n} turns." for n in range(FILES)})
    for number in range(max(each.jobs for each in ROUNDS.values())):
        (root / f"real-{number}").symlink_to(root / "real")
    server = GitServer(root)
    server.statuses |= {"/ill-": 503, "/gone-": 404}
    with serving(server):
        yield server


@pytest.fixture
def line(own_redis_server: RedisServer) -> Iterator[TcpProxy]:
    """The way to Redis."""
    with proxying(own_redis_server.port) as proxy:
        yield proxy


class Client(threading.Thread):
    """Asks for every job until it is accepted, whatever happens to the service meanwhile."""

    def __init__(self, service: ServiceProcess, git: GitServer, jobs: int) -> None:
        super().__init__(name="client", daemon=True)  # a service that stays away must not keep the tests
        self._jobs = jobs
        self._service = service
        self._origin = git.origin
        self.accepted: dict[int, str] = {}
        self.broken = 0

    def run(self) -> None:
        """Ask."""
        with httpx2.Client(headers=AUTHORIZED, timeout=10.0) as client:
            for number, kind in zip(range(self._jobs), itertools.cycle(KINDS), strict=False):
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
def test_every_accepted_job_ends_exactly_once(  # noqa: PLR0917  (each is a server)
    tmp_path: Path,
    own_redis_server: RedisServer,
    line: TcpProxy,
    git: GitServer,
    database: tuple[Round, str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    """With a Redis that forgets everything each time, and with connections to it that fall silent."""
    run, url = database
    more = {"database_url": url, "queue_limit": run.jobs // 5, "max_attempts": 2, "max_losses": 100}
    env = environment(tmp_path / "run", f"redis://127.0.0.1:{line.port}/0", log_level="warning", **more)
    service = ServiceProcess(tmp_path / "service.log", env)
    hands = worker(tmp_path, env, "hands", processes=2)
    store = Store.at(url)
    with started(service), started(hands):
        victims: dict[str, Server] = {WORKER: hands, REDIS: own_redis_server, SERVICE: service}
        client = Client(service, git, run.jobs)
        client.start()
        for blow in run.blows:
            enough = begun(store) + 1
            if blow == SILENCE:
                line.swallow()
            elif blow == FORGET:
                own_redis_server.flush()
            else:
                strike(victims.get(blow), hands)
            # let a worker begin something between two blows
            eventually(partial(reached, store, enough), within=60.0)
        client.join(timeout=60)
        assert len(client.accepted) == run.jobs
        endings = eventually(lambda: all_ended(store), within=60.0)
        for process in (hands, service):
            process.kill()  # an orderly end takes seconds and proves nothing here
    with capsys.disabled():
        print(  # noqa: T201 - the count is asked for
            f"\n{store.engine.dialect.name}: {run.jobs} accepted jobs, {len(run.blows)} kills, "
            f"{client.broken} broken requests: {dict(endings)}"
        )
    assert once_each(store, client.accepted) == []
    assert endings.total() == run.jobs
    assert endings["complete"] == len([n for n in range(run.jobs) if KINDS[n % len(KINDS)] == "real"])
    assert rows_of_complete_jobs(store) == endings["complete"] * FILES
    store.close()


def strike(victim: Server | None, hands: CeleryWorker) -> None:
    """Kill the victim with SIGKILL and start it again; without one, kill one process of the worker's pool."""
    if victim is None:
        signal_all(tree(hands.pid)[1:2], signal.SIGKILL)
        return
    victim.kill()
    victim.start()


def reached(store: Store, number: int) -> bool:
    """Whether so many jobs were begun."""
    return begun(store) >= number


def begun(store: Store) -> int:
    """How often a worker has begun a job so far."""
    with store.read() as session:
        began = select(func.count()).select_from(JobEvent).where(JobEvent.state == PROCESSING)
        return session.scalar(began) or 0


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
