"""A clock that jumps ends no lease and no job's life."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from starlette.testclient import TestClient

from ingestion_api.app import create_app
from ingestion_api.clock import SteadyClock, wall_time
from ingestion_api.jobs.lease import claim_job
from ingestion_api.service import make_service
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.store import sync_clock
from tests.ingestion_api.conftest import MORNING, HandClock
from tests.ingestion_api.jobs.example_jobs import LEASE
from tests.ingestion_api.processes import AUTHORIZED

INGEST = "/api/v1/ingestion/ingest/https://git.example/keeper/"
HOUR = timedelta(hours=1)


class Machine:
    """A machine's clock that is set, and its seconds that only rise."""

    def __init__(self) -> None:
        self.wall = HandClock()
        self.seconds = 100.0
        self.steady = SteadyClock(self.wall, lambda: self.seconds, settled=timedelta(minutes=10))
        self.steady.follow(self.wall())

    def passes(self, seconds: float) -> None:
        """Let time pass, in which the clock is followed."""
        self.seconds += seconds
        self.wall.move(seconds=seconds)
        self.steady.follow(self.wall())


def test_time_goes_on_as_it_passes() -> None:
    machine = Machine()
    machine.passes(90)
    assert machine.steady() == MORNING + timedelta(seconds=90)


@pytest.mark.parametrize("jump", [25 * HOUR, -HOUR, timedelta(days=-400)])
def test_a_jump_and_back_leaves_no_trace(jump: timedelta) -> None:
    machine = Machine()
    machine.wall.now += jump
    machine.passes(3)
    assert machine.steady() == MORNING + timedelta(seconds=3)
    machine.wall.now -= jump
    machine.passes(3)
    assert machine.steady() == MORNING + timedelta(seconds=6)


def test_a_clock_that_stays_so_is_believed_and_told(caplog: pytest.LogCaptureFixture) -> None:
    machine = Machine()
    machine.wall.now += HOUR
    for _ in range(59):
        machine.passes(10)
    assert machine.steady() == MORNING + timedelta(seconds=590)
    for _ in range(3):
        machine.passes(10)
    assert machine.steady() == MORNING + HOUR + timedelta(seconds=620)
    assert caplog.text.count("the clock jumped by +3600 s") == 1


def test_drift_is_followed_at_once() -> None:
    machine = Machine()
    machine.wall.move(seconds=0.4)
    machine.passes(1)
    assert machine.steady() == machine.wall()


def test_a_database_that_is_a_server_has_the_time_for_all(store: Store) -> None:
    machine = Machine()
    sync_clock(SteadyClock(machine.wall), store)
    assert abs(store.now() - wall_time()) < timedelta(minutes=1)


@pytest.mark.parametrize("jump", [25 * HOUR, -HOUR])
def test_a_waiting_job_survives_a_clock_that_is_wrong_for_seconds(
    settings: Callable[..., Settings], jump: timedelta
) -> None:
    """It is neither skipped nor forgotten: its message goes out, and a worker may take it."""
    machine = Machine()
    service = make_service(settings(), machine.steady)
    # the database's clock is the one that jumps
    service.store.now = machine.wall  # type: ignore[method-assign]
    with TestClient(create_app(service.settings, service), headers=AUTHORIZED) as client:
        job_id = client.post(INGEST + "lamp").json()["job_id"]
        machine.wall.now += jump
        for _ in range(3):
            machine.passes(1)
            service.outbox.run_once()
        machine.wall.now -= jump
        machine.passes(1)
        service.outbox.run_once()
        assert client.get(f"/api/v1/ingestion/jobs/{job_id}").json()["status"] == "pending"
        assert service.broker.waiting_job_ids() == {job_id}
        assert claim_job(service.store, job_id, "hands", machine.steady(), LEASE) is not None
