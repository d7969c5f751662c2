"""The cache as the backend counts it, also by several processes behind one URL."""

import itertools
from typing import Any

import pytest

from tests.exporter.backend_double import BackendDouble, Says
from tests.exporter.exporter_page import watching
from tests.servers.waiting import eventually

PART = "cache.application"


def stats(hits: Any, misses: Any, invalidations: Any = 0) -> dict[str, Any]:
    """An answer of /cache/stats, with the ratio that the backend works out itself."""
    counts = {"hits": hits, "misses": misses, "invalidations": invalidations, "hit_rate": 0.75}
    return {"status": "ok", "cache_stats": counts, "error": None}


def test_hits_and_misses_are_counters_and_the_ratio_is_left_to_queries(backend: BackendDouble) -> None:
    backend.monitoring("/cache/stats", stats(30, 10, 2))
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page(PART)
    assert page.value("ops_cache_hits_total") == 30
    assert page.value("ops_cache_misses_total") == 10
    assert page.value("ops_cache_invalidations_total") == 2
    assert "0.75" not in page.text


def test_two_processes_that_answer_in_turn_are_summed(backend: BackendDouble) -> None:
    turns = itertools.cycle((stats(30, 10), stats(4, 90)))
    backend.answers["/api/monitoring/cache/stats"] = lambda: Says(next(turns))
    with watching(backend={"url": backend.url, "period": 0.02}) as exporter:
        eventually(lambda: exporter.page(PART).value("ops_cache_hits_total") == 34)
        asked = backend.asked["/api/monitoring/cache/stats"]
        eventually(lambda: backend.asked["/api/monitoring/cache/stats"] > asked + 4)
        page = exporter.page(PART)
    assert page.value("ops_cache_hits_total") == 34
    assert page.value("ops_cache_misses_total") == 100


@pytest.mark.parametrize(
    "body",
    [
        "<html>",
        "[]",
        {"cache_stats": None},
        {},
        stats(None, "many"),
        stats(True, float("nan")),
        stats(-1, -1),
    ],
)
def test_an_answer_without_counts_costs_only_these(backend: BackendDouble, body: Any) -> None:
    backend.monitoring("/cache/stats", body)
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page(PART)
    assert page.series("ops_cache_hits_total") == []
    assert page.value("ops_collector_success", collector=PART) == 0 or page.series(
        "ops_cache_invalidations_total"
    )


def test_a_count_that_is_missing_is_a_missing_series(backend: BackendDouble) -> None:
    backend.monitoring("/cache/stats", stats(3, "many"))
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page(PART)
    assert page.value("ops_cache_hits_total") == 3
    assert page.series("ops_cache_misses_total") == []
