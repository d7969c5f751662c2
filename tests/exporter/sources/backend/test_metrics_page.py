"""The backend's page of metrics, line by line: what is summed under which key, and what is passed over."""

from math import inf

import pytest

from exporter.settings_backend import DEFAULT_MODULES
from exporter.sources.backend import metrics_page
from exporter.sources.backend.metrics_page import MetricsParser, SummedSamples, parse_number, status_class
from exporter.sources.backend.own_requests import OwnRequests
from exporter.sources.backend.request_totals import comparable_samples, duration_histograms, monotonic_buckets
from exporter.sources.backend.routes import RouteModules, mount_path

OURS = "/api/v1/ingestion/health"


def parser() -> MetricsParser:
    """A parser for the default modules; one route is requested by us as well."""
    return MetricsParser(RouteModules(DEFAULT_MODULES), ("in_progress",), OwnRequests({OURS}, {"/metrics"}))


def parsed(*lines: str) -> SummedSamples:
    """The sums of these lines."""
    return parser().parse("\n".join(("# TYPE x counter", *lines)))


@pytest.mark.parametrize(
    ("series", "key"),
    [
        ("process_open_fds", ("process_open_fds",)),
        ('http_requests_total{handler="/search",method="POST",status="2xx"}', ("requests", "search", "2xx")),
        ('http_requests_total{method="GET",status="404"}', ("requests", "all", "4xx")),
        (f'http_requests_total{{handler="{OURS}",method="GET",status="200"}}',
         ("shared", "monitoring", "2xx", OURS)),
        (f'http_requests_total{{handler="{OURS}",status="200"}}', ("shared", "monitoring", "2xx", OURS)),
        (f'http_requests_total{{handler="{OURS}",method="POST",status="200"}}',
         ("requests", "monitoring", "2xx")),
        ("in_progress", ("in progress", "all")),
        ('in_progress{handler="/search/{id}"}', ("in progress", "search")),
        ('http_request_duration_seconds_sum{handler="/search"}', ("sum", "search")),
        ('http_request_duration_seconds_count{handler="/search"}', ("count", "search")),
        ('http_request_duration_seconds_bucket{handler="/search",le="0.5"}', ("bucket", "search", "0.5")),
        ('http_request_duration_seconds_bucket{handler="/search",le="+Inf"}', ("bucket", "search", "inf")),
        ("http_request_duration_highr_seconds_count", ("count", "whole")),
        ('http_request_duration_highr_seconds_bucket{le="1"}', ("bucket", "whole", "1.0")),
    ],
)  # fmt: skip
def test_a_series_is_summed_under_its_key(series: str, key: tuple[str, ...]) -> None:
    found = parsed(f"{series} 3", f"{series} 4")
    assert (dict(found.values), dict(found.series)) == ({key: 7}, {key: 2})


@pytest.mark.parametrize(
    "series",
    [
        'http_request_duration_seconds_created{handler="/search"}',
        'http_request_duration_seconds_bucket{handler="/search"}',
        'http_request_duration_seconds_bucket{handler="/search",le="-1"}',
        'http_request_duration_seconds_count{handler="/api/monitoring/health"}',
        f'http_request_duration_seconds_count{{handler="{OURS}"}}',
        "http_request_duration_seconds_of_others_count",
        "process_start_time_seconds_of_another",
        "http_requests_of_another_total",
    ],
)
def test_a_series_of_another_kind_is_passed_over(series: str) -> None:
    assert not parsed(f"{series} 3").values


@pytest.mark.parametrize(
    ("line", "counts"),
    [
        ('http_requests_total{handler="/search",status="200"} 1', True),
        (f'http_requests_total{{handler="{OURS}",status="200"}} 1', True),
        ('http_requests_total{handler="/search",status="200"} 0', False),
        ('http_request_duration_seconds_count{handler="/search"} 1', False),
    ],
)
def test_a_backend_counts_requests_whose_page_has_some(line: str, counts: bool) -> None:
    assert parsed(line).counts_requests == counts


@pytest.mark.parametrize(
    ("digits", "number"),
    [
        ("0", 0),
        ("-0.5", None),
        ("1e300", 1e300),
        ("1.1e300", None),
        ("NaN", None),
        ("+Inf", None),
        ("x", None),
    ],
)
def test_a_number_is_one_that_can_be_summed(digits: str, number: float | None) -> None:
    assert parse_number(digits) == number


def test_the_bound_of_a_bucket_may_be_infinite() -> None:
    assert parse_number("+Inf", highest=inf) == inf


@pytest.mark.parametrize(
    ("status", "kind"),
    [("100", "1xx"), ("5xx", "5xx"), ("600", "other"), ("099", "other"), ("20", "other"), ("2000", "other")],
)
def test_the_class_of_a_status(status: str, kind: str) -> None:
    assert status_class(status) == kind


def test_no_more_series_are_remembered_than_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(metrics_page, "MAX_SERIES", 3)
    monkeypatch.setattr(metrics_page, "PAGES_BETWEEN_RESETS", 4)
    reading, lines = parser(), [f'in_progress{{handler="/search/{n}"}} 1' for n in range(5)]
    kept = []
    for _ in range(5):
        assert reading.parse("\n".join(lines)).values == {("in progress", "search"): len(lines)}
        kept.append(len(reading._keys_by_series))
        lines = lines[-1:]  # the others are gone
    assert kept == [3, 3, 3, 1, 1]


def test_bounds_that_only_some_routes_have_are_left_out() -> None:
    found = parsed(
        'http_request_duration_seconds_bucket{handler="/search/a",le="0.5"} 1',
        'http_request_duration_seconds_bucket{handler="/search/b",le="0.5"} 1',
        'http_request_duration_seconds_bucket{handler="/search/b",le="0.7"} 1',
        'http_request_duration_seconds_bucket{handler="/graph",le="0.7"} 1',
        'http_request_duration_seconds_count{handler="/search/a"} 1',
    )
    assert comparable_samples(found) == {
        ("bucket", "search", "0.5"): 2, ("bucket", "graph", "0.7"): 1, ("count", "search"): 1,
    }  # fmt: skip


@pytest.mark.parametrize(
    ("modules", "shown"),
    [
        (("search", "all", "whole"), {"search"}),
        (("all", "whole"), {"all"}),
        (("whole",), {"all"}),
        ((), set[str]()),
    ],
)
def test_the_finest_histograms_by_module_are_shown(modules: tuple[str, ...], shown: set[str]) -> None:
    total: dict[tuple[str, ...], float] = {("count", it): float(n) for n, it in enumerate(modules, 1)}
    total |= {("bucket", it, "0.5"): 1.0 for it in modules}
    found = duration_histograms(total)
    assert found.keys() == shown
    assert all((it.buckets, it.total, it.count) == ({0.5: 1.0}, 0.0, 1.0) for it in found.values())


def test_a_histogram_never_falls_from_bound_to_bound() -> None:
    buckets = monotonic_buckets({0.5: 4.0, 0.1: 5.0, 0.05: 0.0, 1.0: 5.0, 2.0: 6.0, inf: 3.0})
    assert [*buckets.items()] == [(0.05, 0.0), (0.1, 5.0), (1.0, 5.0), (2.0, 6.0), (inf, 6.0)]


@pytest.mark.parametrize(
    ("url", "path"),
    [("http://h:1", ""), ("http://h/", ""), ("http://h/api/", "/api"), ("http://h/a/b", "/a/b")],
)
def test_the_path_at_which_a_backend_is_mounted(url: str, path: str) -> None:
    assert mount_path(url) == path


@pytest.mark.parametrize(
    ("route", "relative"),
    [
        ("/api", ""),
        ("/api/search/", "/search"),
        ("/apis/search", "/apis/search"),
        ("/search", "/search"),
        ("/api/x/{id}/{rest:path}", "/x/{}/{:path}"),
    ],
)
def test_a_route_is_named_without_the_path_of_the_mount(route: str, relative: str) -> None:
    assert RouteModules(DEFAULT_MODULES, "/api/").relative(route) == relative


def test_a_backend_at_the_root_has_routes_as_they_are() -> None:
    assert RouteModules(DEFAULT_MODULES).relative("/api/search") == "/api/search"
