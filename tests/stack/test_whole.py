"""`make run` from a fresh start: everything runs, and the exporter shows what the service does."""

import os
import signal
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import pytest
import redis

from demo.git_server import find_repository
from ingestion_api.encoder import model_name
from tests.servers.waiting import eventually
from tests.stack.conftest import StartRun
from tests.stack.operator_client import OperatorClient
from tests.stack.watchroom import Watchroom

ENDED = {"complete", "failed", "skipped", "cancelled"}
ADDRESSES = (
    "DEMO_PORT", "EXPORTER_PORT", "SERVICE_PORT", "PROMETHEUS_PORT", "ALERTMANAGER_PORT"
)  # fmt: skip
# half a minute and a minute by default
FAST_POLLING = {
    "OPS_DATABASE__PERIOD": "1",
    "OPS_REDIS__KEYS_PERIOD": "1",
    "OPS_SERVICE__PERIOD": "0.5",
    "OPS_SERVICE__EMBEDDINGS_PERIOD": "0.5",
    # polling that fast costs more than a fiftieth of the sources' time
    "OPS_LIMITS__OWN_SHARE": "1",
}
POLL_SECONDS = 20.0
SCRAPED = ("exporter", "backend", "service", "service-thresholds")
OWN = model_name("bm25")


@pytest.fixture
def run(watchroom: StartRun) -> Watchroom:
    """The whole, without visitors, who would fill the cache and add resources meanwhile."""
    made = watchroom("make", "run", DEMO_TRAFFIC_PEAK="0", **FAST_POLLING)
    made.start()
    return made


@pytest.fixture
def operator(run: Watchroom) -> Iterator[OperatorClient]:
    """A client with the token that the table names."""
    token = run.run_dir / "service" / "token"
    assert f"sign in with {token}" in run.output()
    assert token.stat().st_mode & 0o777 == 0o600
    found = OperatorClient(run.address("SERVICE_PORT"), token)
    assert found.token not in run.output()
    yield found
    found.leave()


def test_from_a_fresh_start_to_the_end(run: Watchroom, operator: OperatorClient) -> None:
    for setting in ADDRESSES:
        assert run.address(setting) in run.output()
    assert operator.form("/sign-in", token=operator.token) == "/"
    if find_repository() is not None:
        files_become_resources(run, operator)
    missing_embeddings_are_generated(run, operator)
    a_prefix_is_cleared(run, operator)
    the_model_is_as_old_as_its_file(run)
    eventually(lambda: run.targets()["exporter-fast"] == "up", within=20)
    eventually(lambda: {run.targets()[job] for job in SCRAPED} == {"up"}, within=20)
    # Prometheus sends it with its first evaluation, and the service accepts the token of the stack
    eventually(lambda: "Watchdog" in str(operator.get("/api/v1/alerts")), within=20)
    os.kill(run.pid, signal.SIGTERM)
    assert eventually(lambda: not run.left(), within=15)
    assert "all stopped" in run.output()
    assert not list(run.run_dir.rglob("*lock*"))


def files_become_resources(run: Watchroom, operator: OperatorClient) -> None:
    """The project's own repository is ingested, as the page offers."""
    address = run.address("DEMO_GIT_PORT", "/watchroom.git")
    assert address in operator.page("/ingest")
    place = operator.form("/ingest", repo_url=address, key="once")
    job = ended(operator, int(place.split("?")[0].rpartition("/")[2]))
    assert (job["status"], job["error"]) == ("complete", None)
    assert job["files_processed"] == job["embeddings_generated"] > 300
    assert count_resources(run, "sparse_embedding_model = ?", OWN) == job["files_processed"]
    with_terms = count_resources(run, "sparse_embedding_model = ? AND sparse_embedding LIKE '{\"%'", OWN)
    assert with_terms > 300
    model = f'ops_sparse_embeddings_model_resources{{model="{OWN}"}}'
    eventually(lambda: series(run, "sparse_embeddings", model) == with_terms, within=POLL_SECONDS)
    eventually(lambda: the_exporter_shows(run, job), within=POLL_SECONDS)


def the_exporter_shows(run: Watchroom, job: Any) -> bool:
    """Whether the job, its queue and its worker stand on the exporter's page as the service reports them."""
    page = run.read("EXPORTER_PORT", "/metrics?collect[]=ingestion")
    own, worker = "ops_ingestion_service", f'worker="{job["worker"]}"'
    for line in (
        f"{own}_up 1.0",
        f'{own}_jobs{{state="complete"}} 1.0',
        f'{own}_jobs{{state="pending"}} 0.0',
        f"{own}_queue_capacity 10.0",
        f"{own}_files_processed_total {float(job['files_processed'])}",
        f"{own}_job_duration_seconds_count 1.0",
        f'{own}_reported_state{{state="idle"}} 1.0',
        f'{own}_worker_status{{status="healthy",{worker}}} 1.0',
    ):
        assert f"\n{line}\n" in page, line
    return True


def missing_embeddings_are_generated(run: Watchroom, operator: OperatorClient) -> None:
    """The demo's resources that have none get theirs."""
    missing = count_resources(run, "sparse_embedding IS NULL")
    assert missing > 0
    queued = operator.post("/admin/sparse-embeddings/generate")
    assert queued["resources_to_process"] == missing
    assert ended(operator, int(queued["job_id"]))["embeddings_generated"] == missing
    assert count_resources(run, "sparse_embedding IS NULL") == 0
    without = 'ops_sparse_embeddings_resources{state="without"}'
    eventually(lambda: series(run, "sparse_embeddings", without) == 0, within=POLL_SECONDS)
    success = 'ops_sparse_embeddings_last_run_state{state="complete"}'
    eventually(lambda: series(run, "sparse_embeddings", success) == 1, within=POLL_SECONDS)
    covered = 'ops_sparse_embeddings_service_resources{state="without"}'
    eventually(lambda: series(run, "sparse_embeddings", covered) == 0, within=POLL_SECONDS)


def a_prefix_is_cleared(run: Watchroom, operator: OperatorClient) -> None:
    """Counted first, then cleared, and nothing beside it."""
    with redis.Redis(port=run.ports["DEMO_REDIS_PORT"], db=2) as cache:
        cache.mset({f"lamp:{number}": "lit" for number in range(50)} | {"wick": "trimmed"})
        group = 'redis_key_group_count{db="db2",key_group="lamp"}'
        eventually(lambda: series(run, "cache", group) == 50, within=POLL_SECONDS)
        counted = operator.post("/api/v1/cache/clear", prefix="lamp:")
        assert (counted["dry_run"], counted["keys"], cache.exists("lamp:7")) == (True, 50, 1)
        sure = {"dry_run": False, "confirmation": counted["confirmation"]}
        assert operator.post("/api/v1/cache/clear", prefix="lamp:", **sure)["keys"] == 50
        assert (cache.exists("lamp:7"), cache.exists("wick")) == (0, 1)
        eventually(lambda: series(run, "cache", group) is None, within=POLL_SECONDS)


def the_model_is_as_old_as_its_file(run: Watchroom) -> None:
    """The demo writes local times without a zone, as real backends do."""
    name = 'ops_model_modified_timestamp_seconds{model="ncf_model"}'
    shown = eventually(lambda: series(run, "models", name), within=POLL_SECONDS)
    [file] = (run.run_dir / "demo" / "models").glob("ncf*")
    assert shown is not None
    assert abs(shown - file.stat().st_mtime) < 1


def ended(operator: OperatorClient, number: int) -> Any:
    """The job of this number, once it has ended."""

    def job() -> Any:
        found = operator.get(f"/api/v1/ingestion/jobs/{number}")
        return found if found["status"] in ENDED else None

    return eventually(job, within=40)


def count_resources(run: Watchroom, condition: str, *values: str) -> int:
    """The number of the demo's resources that match."""
    with closing(sqlite3.connect(run.run_dir / "demo" / "neo.db", timeout=10)) as db:
        found = db.execute(f"SELECT count(*) FROM resources WHERE {condition}", values)  # noqa: S608 - ours
        return int(found.fetchone()[0])


def series(run: Watchroom, collector: str, name: str) -> float | None:
    """The value of a series on the exporter's page."""
    page = run.read("EXPORTER_PORT", f"/metrics?collect[]={collector}")
    found = [line for line in page.splitlines() if line.startswith(f"{name} ")]
    return float(found[0].rpartition(" ")[2]) if found else None
