"""What a scrape job can select of the exporter's page."""

from collections.abc import Iterator
from itertools import combinations

import pytest
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from starlette.datastructures import QueryParams

from exporter.collector import UnknownCollector
from exporter.collectors import COLLECTORS
from exporter.metrics import Gauge, Histogram, HistogramData, selected_names
from exporter.page_selection import select_page
from tests.exporter.exporter_page import Page, Watched, watching
from tests.exporter.whole_page import whole
from tests.servers.postgres_server import PostgresServer
from tests.servers.redis_server import RedisServer

PEERS = {"celery-exporter": "celery_", "postgres": "pg_", "redis": "redis_"}


@pytest.fixture(scope="module")
def exporter(redis_server: RedisServer, postgres_server: PostgresServer) -> Iterator[Watched]:
    """An exporter that watches a cache, a broker and a database, once all of them have been read."""
    with watching(
        redis={"url": redis_server.database(2)},
        celery={"broker_url": redis_server.database(0)},
        database={"url": postgres_server.url},
    ) as started:
        whole(started, "cache.ping", "cache.server", "workers.queues", "database.ping", "database.activity")
        yield started


def selected(exporter: Watched, **parameters: str | list[str]) -> Page:
    """The page of these parameters, whose names lack their brackets here."""
    query = {f"{name}[]": value for name, value in parameters.items()}
    answer = exporter.client.get("/metrics", params=query)
    assert answer.status_code == 200, answer.text
    return Page(answer.text, 0.0)


def series_names(page: Page) -> set[str]:
    """The names of all series of a page."""
    return {sample.name for family in page.families for sample in family.samples}


def test_a_peers_job_has_its_names_alone(exporter: Watched) -> None:
    for job, prefix in PEERS.items():
        names = selected(exporter, collect=job).names()
        assert names
        assert all(name.startswith(prefix) for name in names)


def test_what_is_excluded_is_on_the_pages_of_its_jobs_and_on_no_other(exporter: Watched) -> None:
    everything = selected(exporter).names()
    pages = [selected(exporter, collect=job).names() for job in PEERS]
    pages.append(selected(exporter, exclude=[*PEERS]).names())
    assert not any(one & other for one, other in combinations(pages, 2))
    assert everything <= set.union(*pages)  # what comes on request is on the pages of jobs alone


def test_one_excluded_job_leaves_the_others(exporter: Watched) -> None:
    names = selected(exporter, exclude="redis").names()
    assert "pg_up" in names
    assert "ops_collector_success" in names
    assert not any(name.startswith("redis_") for name in names)


@pytest.mark.parametrize("subject", ["cache", "redis"])
def test_a_part_beside_its_whole_has_no_series_twice(exporter: Watched, subject: str) -> None:
    part = {"cache": "cache.ping", "redis": "redis.cache.ping"}[subject]
    assert len(selected(exporter, collect=[subject, part]).series("redis_up")) == 1


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (["redis_up"], {"redis_up"}),
        (["redis_commands_total", "pg_up"], {"redis_commands", "pg_up"}),
        (["no_such_metric"], set()),
    ],
)
def test_metrics_can_be_selected_by_name(exporter: Watched, wanted: list[str], found: set[str]) -> None:
    assert selected(exporter, name=wanted).names() == found


def test_the_names_of_all_series_select_all_of_them(exporter: Watched) -> None:
    everything = series_names(selected(exporter))
    assert everything
    assert series_names(selected(exporter, name=sorted(everything))) == everything


@pytest.mark.parametrize("name", ["seconds", "seconds_bucket", "seconds_sum", "seconds_count"])
def test_any_series_of_a_histogram_selects_it(name: str) -> None:
    histogram = Histogram("seconds", "Durations.")
    token = selected_names.set(frozenset([name]))
    family = histogram.family([((), HistogramData({1.0: 2}, 3.0, 4))])
    selected_names.reset(token)
    assert {sample.name for sample in family.samples} == {"seconds_bucket", "seconds_sum", "seconds_count"}


def test_the_exporter_tells_of_its_own_process(exporter: Watched) -> None:
    page = selected(exporter, name=["process_resident_memory_bytes", "process_cpu_seconds_total"])
    assert (page.value("process_resident_memory_bytes") or 0) > 10e6
    assert page.value("process_cpu_seconds_total") is not None


def test_a_page_of_a_job_is_openmetrics(exporter: Watched) -> None:
    for job in PEERS:
        headers = {"Accept": "application/openmetrics-text;version=1.0.0"}
        answer = exporter.client.get("/metrics", params={"collect[]": job}, headers=headers)
        assert list(openmetrics(answer.text))  # type: ignore[no-untyped-call]


@pytest.mark.parametrize(
    ("query", "error"),
    [
        ("exclude[]=cache", "exclude[] names 'cache'; expected one of celery-exporter, postgres, redis\n"),
        (
            "collect[]=redis&collect[]=cache",
            "collect[] names 'redis' beside collectors; expected jobs alone\n",
        ),
    ],
)
def test_a_selection_that_cannot_be_is_refused(exporter: Watched, query: str, error: str) -> None:
    answer = exporter.client.get(f"/metrics?{query}")
    assert (answer.status_code, answer.text) == (400, error)


def test_the_head_of_the_page_can_be_asked_for(exporter: Watched) -> None:
    answer = exporter.client.head("/metrics")
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/plain")


def families() -> list[Metric]:
    """Families of ours and of peers."""
    spread = HistogramData({1.0: 2}, 3.0, 4)
    return [
        Gauge("ops_up", "Of ours.").single(1),
        Gauge("redis_up", "Of a peer.").single(1),
        Gauge("pg_up", "Of another.").single(1),
        Histogram("redis_seconds", "Durations.").family([((), spread)]),
    ]


@pytest.mark.parametrize(
    ("query", "series"),
    [
        ("", ["ops_up", "redis_up", "pg_up", "redis_seconds_bucket", "redis_seconds_bucket",
              "redis_seconds_sum", "redis_seconds_count"]),
        ("exclude[]=redis", ["ops_up", "pg_up"]),
        ("exclude[]=redis&exclude[]=postgres", ["ops_up"]),
        ("collect[]=redis", ["redis_up", "pg_up", "redis_seconds_bucket", "redis_seconds_bucket",
                             "redis_seconds_sum", "redis_seconds_count"]),
        ("collect[]=redis&exclude[]=redis", ["pg_up"]),
        ("name[]=redis_seconds_sum&name[]=pg_up", ["pg_up", "redis_seconds_sum"]),
        ("name[]=redis_seconds", ["redis_seconds_bucket", "redis_seconds_bucket", "redis_seconds_sum",
                                  "redis_seconds_count"]),
        ("name[]=stock", []),
        ("name[]=redis_up&exclude[]=redis", []),
    ],
)  # fmt: skip
def test_a_request_gets_the_series_that_it_selects(query: str, series: list[str]) -> None:
    given = families()
    found = select_page(COLLECTORS, QueryParams(query)).families(given)
    assert [sample.name for family in found for sample in family.samples] == series
    assert all(family.samples for family in found)
    assert given == families()  # others may share them


@pytest.mark.parametrize("query", ["collect[]=redis&collect[]=cache", "collect[]=api&collect[]=redis.cache"])
def test_a_job_beside_collectors_is_refused(query: str) -> None:
    with pytest.raises(UnknownCollector, match="beside collectors; expected jobs alone"):
        select_page(COLLECTORS, QueryParams(query))


def test_what_cannot_be_selected_is_refused_and_shown_in_part() -> None:
    with pytest.raises(UnknownCollector) as refused:
        select_page(COLLECTORS, QueryParams([("collect[]", "redis." + 65 * "x"), ("collect[]", "cache")]))
    assert str(refused.value).startswith(f"collect[] names {'redis.' + 58 * 'x'!r} beside collectors; ")
    with pytest.raises(UnknownCollector) as refused:
        select_page(COLLECTORS, QueryParams({"exclude[]": 65 * "x"}))
    assert str(refused.value) == (
        f"exclude[] names {64 * 'x'!r}; expected one of celery-exporter, postgres, redis"
    )
