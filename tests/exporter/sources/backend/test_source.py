"""A backend is down when it refuses, or when its silence is beyond doubt; never because it is blocked."""

import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import pytest

from tests.exporter.exporter_page import Page, Watched, watching
from tests.servers.ports import free_port
from tests.servers.processes import Server
from tests.servers.waiting import eventually

ROOT = Path(__file__).parents[4]
FAST = ("api.up", "modules.status", "api.totals", "database.pool")
HEALTH, WORKERS = "/api/monitoring/health", "/api/monitoring/workers/status"
POOL = "/api/monitoring/db/pool"


class RudeServer(Server):
    """A rude backend in a process of its own."""

    def __init__(self, folder: Path, mode: str) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        super().__init__(
            [sys.executable, "-m", "tests.exporter.rude_backend", str(port), mode],
            folder / "backend.log",
            ready=self.answers,
            cwd=ROOT,
        )

    def answers(self) -> bool:
        """Whether it takes connections."""
        try:
            return httpx2.get(f"{self.url}/seen", timeout=10, trust_env=False).is_success
        except httpx2.ConnectError:
            return False

    def seen(self) -> dict[str, Any]:
        """What it was asked so far."""
        found: dict[str, Any] = httpx2.get(f"{self.url}/seen", timeout=30, trust_env=False).json()
        return found

    def times(self, path: str) -> list[float]:
        """When this path was requested."""
        return [at for it, at in self.seen()["moments"] if it == path]


@pytest.fixture
def rude(tmp_path: Path) -> Iterator[Callable[[str], RudeServer]]:
    """A function that starts a rude backend."""
    servers: list[RudeServer] = []

    def start(mode: str) -> RudeServer:
        servers.append(RudeServer(tmp_path, mode))
        servers[-1].start()
        return servers[-1]

    yield start
    for server in servers:
        server.stop()


@contextmanager
def watched(server: RudeServer, **backend: Any) -> Iterator[Watched]:
    """An exporter with the periods of every day."""
    own = {
        "url": server.url,
        "token": "t",
        "period": 30.0,
        "calm_period": 1.0,
        "probe_period": 10.0,
        **backend,
    }
    with watching(backend=own, limits={"own_share": 0.02}) as exporter:
        eventually(lambda: exporter.page("api.up").value("ops_backend_up") == 1)
        yield exporter


def scraped(exporter: Watched, seconds: float) -> list[Page]:
    """The pages of the fast lane, four a second, for so long."""
    pages, ends = [], time.monotonic() + seconds
    while (now := time.monotonic()) < ends:
        pages.append(exporter.page(*FAST))
        time.sleep(max(0.25 - (time.monotonic() - now), 0))  # the pace of a scrape, not a wait
    return pages


def down(pages: list[Page]) -> list[str]:
    """What any of these pages calls down."""
    return [
        *("backend" for page in pages if page.value("ops_backend_up") == 0),
        *(
            labels["module"]
            for page in pages
            for labels, value in page.series("ops_module_status", status="down")
            if value == 1
        ),
    ]


@pytest.mark.parametrize("mode", ["clean", "reset"])
def test_connections_that_are_closed_say_nothing_of_what_was_asked(
    mode: str, rude: Callable[[str], RudeServer]
) -> None:
    with watched(rude(mode)) as exporter:
        pages = scraped(exporter, 6)
        page = exporter.page()
    assert down(pages) == []
    assert page.state("ops_module_observed_status", module="monitoring") == "healthy"
    assert page.value("ops_collector_success", collector="database") == 1


def test_a_request_of_another_client_that_blocks_the_backend_takes_nothing_down(
    rude: Callable[[str], RudeServer],
) -> None:
    server = rude("")
    with watched(server) as exporter:
        scraped(exporter, 2)
        other = threading.Thread(target=httpx2.get, args=(f"{server.url}{WORKERS}",), kwargs={"timeout": 30})
        other.start()
        pages = scraped(exporter, 5)
        other.join()
    assert down(pages) == []
    assert all(page.series("ops_http_requests_total") for page in pages)


def test_what_blocks_is_requested_once_and_then_on_change_alone(rude: Callable[[str], RudeServer]) -> None:
    server = rude("")
    with watched(server) as exporter:
        exporter.page()
        eventually(
            lambda: exporter.page("self_reports") and any(map(server.times, (HEALTH, WORKERS))), within=15
        )
        pages = scraped(exporter, 8)
        for _ in range(3):
            exporter.page()
        seen = server.seen()
    assert down(pages) == []
    # each on its own, a minute apart, or the pile behind the one would be that of the other as well
    assert seen["seen"].get(HEALTH, 0) + seen["seen"].get(WORKERS, 0) == 1
    assert seen["most"] == 1, "more than one request of ours was in flight"


def test_routes_that_were_seen_to_block_are_left_alone(rude: Callable[[str], RudeServer]) -> None:
    server = rude("store")
    with watched(server, period=1.0) as exporter:
        exporter.page()
        pages = scraped(exporter, 15)
        seen = server.seen()["seen"]
    asked = {path: count for path, count in seen.items() if path.startswith("/api/v1/ingestion/")}
    assert sum(asked.values()) == 1, asked
    assert down(pages) == []
    assert seen["/api/monitoring/events"] > 1


def test_a_frozen_backend_is_found_silent_and_not_troubled(rude: Callable[[str], RudeServer]) -> None:
    server = rude("")
    with watched(server) as exporter:
        scraped(exporter, 2)
        server.freeze()
        froze = time.monotonic()
        eventually(lambda: exporter.page("api.up").value("ops_backend_up") == 0, within=15)
        took = time.monotonic() - froze
        assert exporter.page("api.up").value("ops_backend_wedged") == 1
        scraped(exporter, 6)
        server.thaw()
        thawed = time.monotonic()
        assert httpx2.get(f"{server.url}/user", timeout=5, trust_env=False).is_success
        good = time.monotonic() - thawed
        moments = [at for _, at in server.seen()["moments"]]
        eventually(lambda: exporter.page("api.up").value("ops_backend_wedged") == 0, within=8)
        eventually(lambda: not down([exporter.page(*FAST)]), within=8)
    assert 5 < took < 12
    assert good < 1
    assert len([at for at in moments if at > time.time() - 30]) < 60


def test_a_backend_that_refuses_is_down_at_once_and_up_at_once(rude: Callable[[str], RudeServer]) -> None:
    server = rude("")
    with watched(server) as exporter:
        scraped(exporter, 2)
        server.kill()
        stopped = time.monotonic()
        eventually(lambda: exporter.page(*FAST).value("ops_backend_up") == 0)
        assert time.monotonic() - stopped < 1.0
        server.start()
        came = time.monotonic()
        eventually(lambda: exporter.page(*FAST).value("ops_backend_up") == 1)
        assert time.monotonic() - came < 2.0
        eventually(lambda: exporter.page(*FAST).series("ops_http_requests_total"))


def test_health_routes_are_left_alone_while_the_database_does_not_answer(
    rude: Callable[[str], RudeServer],
) -> None:
    server, nowhere = rude(""), f"postgresql+psycopg://u:p@127.0.0.1:{free_port()}/none"
    own = {"url": server.url, "token": "t", "probe_period": 0.2}
    with watching(backend=own, database={"url": nowhere}) as exporter:
        eventually(lambda: exporter.page("database.ping").value("ops_database_up") == 0)
        before = server.seen()["seen"].get("/search/health", 0)
        scraped(exporter, 2)
        assert server.seen()["seen"].get("/search/health", 0) == before


def test_the_ping_is_found_by_trying_and_is_never_the_page_of_metrics(
    rude: Callable[[str], RudeServer],
) -> None:
    server = rude("")
    with watched(server) as exporter:
        eventually(lambda: len(server.times("/docs")) > 2, within=8)
        sent = [labels["query"] for labels, _ in exporter.page("own").series("ops_own_requests_total")]
    assert "ping" in sent


def test_a_ping_route_of_the_settings_is_taken(rude: Callable[[str], RudeServer]) -> None:
    server = rude("")
    with watched(server, ping_route="/user"):
        eventually(lambda: server.times("/user"))
    assert server.times("/docs") == []


def test_nothing_that_blocks_is_requested_while_its_pile_would_fill_the_pool(
    rude: Callable[[str], RudeServer],
) -> None:
    server, ends = rude(""), threading.Event()

    def use() -> None:
        with httpx2.Client(trust_env=False) as client:
            while not ends.wait(0.1):
                client.get(f"{server.url}/user")

    user = threading.Thread(target=use)
    user.start()
    try:
        with watched(server) as exporter:
            scraped(exporter, 4)
            for _ in range(3):
                exporter.page()
                scraped(exporter, 2)
            seen = server.seen()["seen"]
    finally:
        ends.set()
        user.join()
    assert HEALTH not in seen
    assert WORKERS not in seen


def test_the_pool_is_read_right_before_what_may_need_a_connection(rude: Callable[[str], RudeServer]) -> None:
    server = rude("")
    with watched(server) as exporter:
        exporter.page()
        scraped(exporter, 4)
        moments = server.seen()["moments"]
    reports = [at for path, at in moments if path == POOL]
    may_wait = [(path, at) for path, at in moments if path.startswith("/api/") and path != POOL]
    assert len(may_wait) > 10
    assert [path for path, at in may_wait if not any(at - 0.6 < report <= at for report in reports)] == []


def test_a_pool_that_is_slow_to_read_is_read_within_the_budget(rude: Callable[[str], RudeServer]) -> None:
    server = rude("pool")
    with watched(server) as exporter:
        exporter.page()
        scraped(exporter, 6)
        began = server.times(POOL)[0]
        scraped(exporter, 6)
        reports = [at for at in server.times(POOL) if at > began]
    # 0.1 s each, of which 2 % are a tenth of a second in five
    assert 1 <= len(reports) <= 4
