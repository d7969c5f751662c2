"""An outage is reported once it has settled, and then every change once."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from stack.health import (
    HealthCheck,
    HealthMonitor,
    Outage,
    health_checks,
    read_degradation,
    read_target_outages,
)
from stack.process_spec import ProcessSpec
from tests.stack.stub_server import StubServer

CACHE = Outage("cache", "cache (REDIS_URL)", "does not respond", "responds again")


@dataclass
class FakeChecks:
    """A monitor whose checks and clock the test sets."""

    now: float = 0.0
    found: dict[str, tuple[Outage, ...] | None] = field(default_factory=dict)

    def monitor(self, **settle: float) -> HealthMonitor:
        """A monitor of checks with these names, each reported after so many seconds."""
        checks = [HealthCheck(name, self._reader(name), seconds) for name, seconds in settle.items()]
        return HealthMonitor(checks, lambda: self.now)

    def _reader(self, name: str) -> Callable[[], tuple[Outage, ...] | None]:
        return lambda: self.found.get(name, ())


def test_without_outages_nothing_is_waited_for() -> None:
    monitor = FakeChecks().monitor(service=3, worker=20)
    monitor.run_checks()
    assert monitor.settled.is_set()
    assert monitor.report() == []


@pytest.mark.parametrize(
    ("absent", "seconds"), [(("worker",), 20), (("service",), 3), (("service", "worker"), 3)]
)
def test_an_outage_is_reported_once_it_has_settled(absent: tuple[str, ...], seconds: int) -> None:
    """A worker needs longer to come online, but is not waited for where its broker is known to be away."""
    scene = FakeChecks(found=dict.fromkeys(absent, (CACHE,)))
    monitor = scene.monitor(service=3, worker=20)
    scene.now = seconds - 0.1
    monitor.run_checks()
    assert not monitor.settled.is_set()
    scene.now = seconds
    monitor.run_checks()
    assert monitor.settled.is_set()
    assert monitor.report() == [CACHE]


def test_a_change_is_reported_once_and_a_single_failure_never() -> None:
    scene = FakeChecks()
    monitor = scene.monitor(target=3)
    monitor.run_checks()
    monitor.report()
    for found, sentences in (
        ((CACHE,), []),
        ((), []),
        ((CACHE,), []),
        ((CACHE,), ["cache (REDIS_URL): does not respond"]),
        (None, []),
        ((CACHE,), []),
        ((), ["cache (REDIS_URL): responds again"]),
        ((), []),
    ):
        scene.found["target"] = found
        monitor.run_checks()
        assert list(monitor.changes()) == sentences


def test_another_reason_is_reported_too() -> None:
    later = replace(CACHE, message="was refused")
    scene = FakeChecks(found={"cache": (CACHE,)})
    monitor = scene.monitor(cache=0)
    monitor.run_checks()
    monitor.report()
    for found, sentences in (
        ((later,), []),
        ((later,), ["cache (REDIS_URL): was refused"]),
        ((later,), []),
        ((), ["cache (REDIS_URL): responds again"]),
    ):
        scene.found["cache"] = found
        monitor.run_checks()
        assert list(monitor.changes()) == sentences


def test_what_is_not_awaited_keeps_nobody_waiting(pages: StubServer, tmp_path: Path) -> None:
    status = tmp_path / "status"
    entry = ProcessSpec(
        "grafana", ("true",), f"{pages.url}/ready", pages.url, "", (), optional=True, status_file=status
    )
    [check, _] = health_checks([entry], "http://127.0.0.1:1")
    monitor = HealthMonitor([check])
    status.write_text("is being downloaded")
    monitor.run_checks()
    assert monitor.settled.is_set()
    assert [it.message for it in monitor.report()] == ["is being downloaded"]
    status.unlink()
    pages.responses["/ready"] = (200, "")
    monitor.run_checks()
    assert list(monitor.changes()) == [f"grafana: is ready at {pages.url}"]
    pages.responses["/ready"] = (500, "")
    monitor.run_checks()
    monitor.run_checks()
    assert list(monitor.changes()) == ["grafana: does not respond"]


@pytest.fixture
def pages() -> Iterator[StubServer]:
    """A server whose pages the test writes."""
    with StubServer() as server:
        yield server


@pytest.mark.parametrize(
    ("status", "body", "sentence"),
    [
        (200, '{"status": "ready"}', ""),
        (200, '{"status": "degraded", "detail": "The broker is away."}', "The broker is away."),
        (503, '{"detail": "No worker is\\nonline."}', "No worker is online."),
        (503, "{}", "it responds with 503"),
        (200, "[]", "it responds with 200"),
        (200, "no JSON", None),
    ],
)
def test_a_health_route_names_what_is_missing(
    pages: StubServer, status: int, body: str, sentence: str | None
) -> None:
    pages.responses["/-/ready"] = (status, body)
    assert read_degradation(f"{pages.url}/-/ready") == sentence


def test_without_a_response_nothing_is_known() -> None:
    assert read_degradation("http://127.0.0.1:1/-/ready") is None
    assert read_target_outages("http://127.0.0.1:1") is None


def test_the_exporter_reports_which_part_of_the_target_is_down(pages: StubServer) -> None:
    page = (
        "ops_backend_up 1.0\nredis_up 0.0\nops_broker_up 0.0\nops_ingestion_redis_up 0.0\n# HELP pg_up 0.0\n"
    )
    pages.responses["/metrics"] = (200, page)
    found = read_target_outages(pages.url) or ()
    assert [it.subject for it in found] == ["cache (REDIS_URL)", "broker (CELERY_BROKER_URL)"]
    pages.responses["/metrics"] = (401, "expected a token")
    assert read_target_outages(pages.url) is None
