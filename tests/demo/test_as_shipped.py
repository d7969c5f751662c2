"""The demo as the real backend is all day, from its start until all is lifted."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from demo.faults.catalogue import AS_SHIPPED
from demo.settings import Settings
from demo.supervisor.parts import CannotStart
from demo.supervisor.run import faults_at_start
from tests.demo.running_demo import RunningDemo

Eventually = Callable[..., Any]
PARTS = {part.name for part in AS_SHIPPED.parts}


@pytest.fixture
def shipped(tmp_path: Path) -> Iterator[RunningDemo]:
    """A demo that was started with FAULT=as_shipped."""
    demo = RunningDemo(tmp_path, FAULT="as_shipped")
    demo.start()
    yield demo
    demo.stop()


def in_force(demo: RunningDemo) -> set[str]:
    """The faults in force."""
    return {it["name"] for it in demo.control.get("/faults").json()["faults"] if it["in_force"]}


def test_it_starts_as_shipped_and_is_polite_once_all_is_lifted(
    shipped: RunningDemo, eventually: Eventually
) -> None:
    assert in_force(shipped) == {"as-shipped", *PARTS}
    asked = [
        httpx2.get(f"{shipped.api.base_url}{path}", headers=shipped.api.headers, timeout=10)
        for path in ("/api/v1/ingestion/health", "/api/monitoring/workers/status", "/resources/health")
    ]
    assert [answer.status_code for answer in asked] == [503, 200, 200]
    assert asked[1].json()["workers"]["worker_count"] == 2
    assert asked[2].json()["status"] == "unhealthy"
    assert shipped.control.delete("/faults/lying").is_success
    assert shipped.control.delete("/faults/as-shipped").is_success
    assert in_force(shipped) == set()
    assert shipped.get("/api/v1/ingestion/health")["status"] == "healthy"
    assert "foreign-worker" not in shipped.parts()


def test_parts_that_were_there_before_stay(demo: RunningDemo) -> None:
    with demo.fault("local-times", hours=3), demo.fault("as-shipped"):
        assert demo.control.delete("/faults/as-shipped").is_success
        assert in_force(demo) == {"local-times"}


def test_parts_that_do_not_fit_leave_nothing_behind(demo: RunningDemo) -> None:
    with demo.fault("ingestion-missing"):
        assert demo.control.post("/faults/as-shipped").status_code == 409
        assert in_force(demo) == {"ingestion-missing"}


def test_an_unknown_fault_at_the_start_is_one_sentence() -> None:
    assert faults_at_start(Settings(fault="as_shipped redis-frozen")) == ["as-shipped", "redis-frozen"]
    with pytest.raises(CannotStart, match="DEMO_FAULT is 'rain'; expected one of slow-module"):
        faults_at_start(Settings(fault="rain"))
