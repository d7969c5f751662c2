"""Users' requests are what the backend counts less what we have sent: never less than before, never ours."""

import itertools
import time

from exporter.settings import Settings
from exporter.settings_backend import DEFAULT_MODULES
from exporter.sources.backend.metrics_page import MetricsParser
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.request_totals import ApiTotalsTracker, RequestTotals
from exporter.sources.backend.routes import RouteModules, requested_paths
from exporter.sources.backend.source import BackendSource
from tests.exporter.collectors.test_api import Row, metrics

NOW = 1_000_000.0
YOUNG = NOW - 5


class Reading:
    """An exporter that reads pages as they come, and sends requests of its own between them."""

    def __init__(self, below: str = "") -> None:
        self.own = OwnRequests(requested_paths(Settings()), {"/metrics", "/docs"})
        page = MetricsParser(RouteModules(DEFAULT_MODULES, below), ("in_progress",), self.own)
        self._totals = ApiTotalsTracker(page, self.own, lambda: NOW)

    def read(self, *rows: Row, started: float | None = YOUNG, more: str = "") -> RequestTotals:
        """The totals as of a page that counts these requests."""
        return self._totals.update_from_page(metrics(rows, started) + more)


def requests(totals: RequestTotals, module: str, code: str = "2xx") -> float:
    """Users' requests."""
    return totals.requests.get((module, code), 0.0)


def test_routes_that_only_we_request_are_left_out_whole() -> None:
    totals = Reading().read(("/metrics", "200", 700), ("/docs", "200", 30), ("/search", "200", 5))
    assert totals.requests == {("search", "2xx"): 5}
    assert set(totals.durations) == {"search"}


def test_a_shared_route_is_reduced_by_what_we_sent_and_left_out_of_the_times() -> None:
    it = Reading()
    it.read(("/api/v1/ingestion/jobs/history", "200", 0))
    for _ in range(7):
        it.own.record("/api/v1/ingestion/jobs/history?limit=100", 200)
    totals = it.read(("/api/v1/ingestion/jobs/history", "200", 10), ("/search", "200", 1))
    assert requests(totals, "resources") == 3
    assert "resources" not in totals.durations


def test_a_path_is_known_by_the_template_under_which_it_is_counted() -> None:
    it = Reading()
    it.own.record("/api/monitoring/health/module/search", 200)
    it.own.record("/api/monitoring/health/module/graph", 200)
    totals = it.read(("/api/monitoring/health/module/{module_name}", "200", 5))
    assert requests(totals, "monitoring") == 3


def test_errors_that_only_we_cause_are_no_errors_of_a_module() -> None:
    it = Reading()
    for _ in range(138):
        it.own.record("/api/v1/ingestion/worker/status", 503)
    totals = it.read(("/api/v1/ingestion/worker/status", "503", 138))
    assert totals.errors_by_module().get("resources", 0) == 0
    assert requests(totals, "resources", "5xx") == 0


def test_what_no_route_fits_is_told_from_what_we_ask_in_vain() -> None:
    it = Reading()
    for _ in range(4):
        it.own.record("/api/v1/ingestion/health/worker", 404)
    assert requests(it.read(("none", "404", 9)), "other", "4xx") == 5


def test_a_post_to_a_route_that_we_get_is_a_users() -> None:
    it = Reading()
    it.own.record("/collections/health", 200)
    page = 'http_requests_total{handler="/collections/health",method="POST",status="200"} 2\n'
    assert requests(it.read(("/search", "200", 0), more=page), "monitoring") == 2


def test_a_request_without_a_response_is_taken_from_the_likeliest_class() -> None:
    it = Reading()
    it.own.record("/search/health", None)
    it.own.record("/search/health", 200)
    totals = it.read(("/search/health", "200", 1), ("/search/health", "500", 1))
    assert (requests(totals, "monitoring"), requests(totals, "monitoring", "5xx")) == (0, 0)


def test_four_processes_and_their_restarts_never_make_a_counter_fall() -> None:
    it, counts, seen = Reading(), [0.0] * 4, list[float]()
    starts = [YOUNG + n / 100 for n in range(4)]
    for turn in itertools.islice(itertools.cycle(range(4)), 400):
        if turn == 3 and len(seen) % 80 == 79:
            starts[turn], counts[turn] = YOUNG + 100 + len(seen), 0.0
        counts[turn] += 2
        it.own.record("/search/health", 200)
        rows: list[Row] = [("/search", "200", counts[turn]), ("/search/health", "200", counts[turn] / 2)]
        totals = it.read(*rows, started=starts[turn])
        seen.append(requests(totals, "search"))
        assert requests(totals, "monitoring") == 0
    assert seen == sorted(seen)
    assert seen[-1] == 800


def test_what_an_old_process_counted_before_our_first_look_is_no_request_of_now() -> None:
    it, old = Reading(), YOUNG - 9000
    assert requests(it.read(("/search", "200", 5000), started=old), "search") == 0
    assert requests(it.read(("/search", "200", 5003), started=old), "search") == 3
    # another process that is met late
    assert requests(it.read(("/search", "200", 7000), started=old + 5), "search") == 3
    # and one that was started since
    assert requests(it.read(("/search", "200", 4), started=YOUNG + 10), "search") == 7


def test_the_request_for_the_page_itself_is_not_in_progress() -> None:
    totals = Reading().read(("/metrics", "200", 3), more="in_progress 3\n")
    assert totals.in_progress == {"all": 2}
    assert Reading().read(("/search", "200", 3), more="in_progress 3\n").in_progress == {"all": 3}


def test_the_path_of_the_backends_url_is_no_part_of_its_routes() -> None:
    it = Reading(below="/backend")
    it.own.record("/search/health", 200)
    totals = it.read(("/backend/search", "200", 30), ("/backend/search/health", "200", 1))
    assert requests(totals, "search") == 30
    assert requests(totals, "monitoring") == 0


def test_users_of_the_root_are_users() -> None:
    settings = Settings.model_validate({"backend": {"url": "http://127.0.0.1:9"}})
    own = BackendSource(settings).own_requests
    page = MetricsParser(RouteModules(DEFAULT_MODULES), (), own)
    totals = ApiTotalsTracker(page, own, lambda: NOW).update_from_page(metrics((("/", "200", 7),), YOUNG))
    assert requests(totals, "other") == 7


def test_the_route_of_a_ping_of_the_settings_may_be_shared() -> None:
    settings = Settings.model_validate({"backend": {"url": "http://127.0.0.1:9", "ping_route": "/search"}})
    own = BackendSource(settings).own_requests
    reading = ApiTotalsTracker(MetricsParser(RouteModules(DEFAULT_MODULES), (), own), own, lambda: NOW)
    reading.update_from_page(metrics((("/search", "200", 0),), YOUNG))
    own.record("/search", 200)
    assert requests(reading.update_from_page(metrics((("/search", "200", 8),), YOUNG)), "search") == 7


def test_what_a_route_for_all_paths_gets_of_ours_is_not_a_users() -> None:
    it = Reading()
    for path in ("/api/v1/ingestion/health", "/api/v1/ingestion/jobs/history"):
        it.own.record(path, 404)
    assert requests(it.read(("/{full_path:path}", "404", 5)), "other", "4xx") == 3


def test_a_page_of_thousands_of_routes_is_read_in_time() -> None:
    it = Reading()
    rows = [(f"/api/thing{number}/{{id}}/part", "200", 1) for number in range(3000)]
    began = time.thread_time()
    assert requests(it.read(*rows), "other") == 3000
    it.read(*rows)
    assert time.thread_time() - began < 4.0  # it was ten and more, at every page


def test_counts_beyond_all_bounds_break_nothing() -> None:
    it = Reading()
    page = "".join(
        f'http_requests_total{{handler="/api/v1/ingestion/health",method="GET",status="20{n}"}} 1.7e308\n'
        for n in (0, 1)
    )
    assert requests(it.read(("/search", "200", 1), more=page), "search") == 1


def test_the_only_process_that_is_replaced_leaves_what_it_counted() -> None:
    it = Reading()
    assert requests(it.read(("/search", "200", 40)), "search") == 40
    assert requests(it.read(("/search", "200", 2), started=YOUNG + 900), "search") == 42


def test_a_page_may_lack_the_time_of_its_start_and_the_request_for_itself() -> None:
    totals = Reading().read(("/metrics", "200", 3), started=None, more="in_progress 0\n")
    assert (totals.in_progress, totals.started) == ({"all": 0}, None)
    assert Reading().read(("/metrics", "200", 3), more="in_progress 1\n").in_progress == {"all": 0}


def test_the_start_of_the_newest_process_is_known() -> None:
    it = Reading()
    starts = []
    for started in (None, YOUNG, YOUNG - 2, None):
        it.read(("/search", "200", 3), started=started)
        starts.append(it._totals.newest_start)
    assert starts == [None, YOUNG, YOUNG, YOUNG]
