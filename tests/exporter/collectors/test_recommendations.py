"""What came of recommendations, from the rows that the backend writes about them."""

from pathlib import Path
from typing import Any

import pytest

from tests.exporter.backend_double import BackendDouble
from tests.exporter.backend_tables import FEEDBACK, VERSIONS, ago, create, insert, run, sqlite_url
from tests.exporter.exporter_page import Page, watching
from tests.exporter.whole_page import whole


def row(kind: str, days: float = 0.1, **context: Any) -> dict[str, Any]:
    """A row of feedback."""
    return {"feedback_type": kind, "context": context, "created_at": ago(days)}


def scrape(url: str | None, backend: BackendDouble, part: str) -> Page:
    """One part of the recommendations."""
    database = {"url": url} if url else {}
    with watching(backend={"url": backend.url}, database=database) as exporter:
        name = f"recommendations.{part}"
        return whole(exporter, name) if url else exporter.page(name)


def test_impressions_clicks_and_their_ratio_by_strategy(url: str, backend: BackendDouble) -> None:
    graph: dict[str, Any] = {"recommendation_strategy": "graph"}
    rows = [row("view", was_clicked=False, **graph) for _ in range(8)]
    rows += [row("view", days=20, was_clicked=False, **graph) for _ in range(2)]
    rows += [row("click", was_clicked=True, was_useful=useful, **graph) for useful in (True, True, False)]
    rows += [row("click", was_clicked=True, **graph), row("view", days=45, **graph)]
    insert(url, FEEDBACK, rows)
    page = scrape(url, backend, "feedback")
    assert page.value("ops_recommendations_impressions", strategy="graph", window="1d") == 8
    assert page.value("ops_recommendations_impressions", strategy="graph", window="30d") == 10
    assert page.value("ops_recommendations_clicks", strategy="graph", window="7d") == 4
    assert page.value("ops_recommendations_click_through_ratio", strategy="graph", window="1d") == 0.5
    assert page.value("ops_recommendations_click_through_ratio", strategy="graph", window="30d") == 0.4
    assert page.value(
        "ops_recommendations_satisfaction_ratio", strategy="graph", window="1d"
    ) == pytest.approx(2 / 3)
    assert page.value("ops_recommendations_feedback", feedback="view", window="30d") == 10


def test_a_context_in_one_row_tells_both(url: str, backend: BackendDouble) -> None:
    insert(url, FEEDBACK, [row("rating", was_clicked=clicked) for clicked in (True, False, False, False)])
    page = scrape(url, backend, "feedback")
    assert page.value("ops_recommendations_click_through_ratio", strategy="unknown", window="1d") == 0.25


def test_clicks_without_impressions_have_no_ratio(url: str, backend: BackendDouble) -> None:
    insert(url, FEEDBACK, [row("click"), row("click"), row("view")])
    page = scrape(url, backend, "feedback")
    assert page.value("ops_recommendations_clicks", strategy="unknown", window="1d") == 2
    assert page.value("ops_recommendations_click_through_ratio", strategy="unknown", window="1d") is None


def test_nulls_lists_and_wrong_types_in_the_context(url: str, backend: BackendDouble) -> None:
    contexts: list[Any] = [
        None,
        [1, 2],
        "words",
        7,
        {"was_clicked": {"a": 1}, "recommendation_strategy": ["x"]},
    ]
    insert(url, FEEDBACK, [{"feedback_type": "view", "context": context} for context in contexts])
    page = scrape(url, backend, "feedback")
    assert page.value("ops_collector_success", collector="recommendations.feedback") == 1
    impressions = page.series("ops_recommendations_impressions", window="1d")
    assert sum(value for _, value in impressions) == 5
    assert page.value("ops_recommendations_clicks", strategy="unknown", window="1d") == 0


def test_broken_json_costs_only_its_own_row(tmp_path: Path, backend: BackendDouble) -> None:
    url = create(sqlite_url(tmp_path))
    insert(url, FEEDBACK, [row("view", recommendation_strategy="graph"), row("view")])
    run(url, """UPDATE recommendation_feedback SET context = '{"recommendation_' WHERE context = '{}'""")
    page = scrape(url, backend, "feedback")
    assert page.value("ops_recommendations_impressions", strategy="graph", window="1d") == 1
    assert page.value("ops_recommendations_impressions", strategy="unknown", window="1d") == 1


def test_many_strategies_stay_few_series(url: str, backend: BackendDouble) -> None:
    insert(url, FEEDBACK, [row("view", recommendation_strategy=f"s{n}" * 90) for n in range(30)])
    series = scrape(url, backend, "feedback").series("ops_recommendations_impressions", window="1d")
    assert len(series) == 21
    assert sum(value for _, value in series) == 30
    assert max(len(labels["strategy"]) for labels, _ in series) <= 120


def test_no_table_no_series_no_error(
    tmp_path: Path, backend: BackendDouble, caplog: pytest.LogCaptureFixture
) -> None:
    url = create(sqlite_url(tmp_path), FEEDBACK, VERSIONS)
    with watching(backend={"url": backend.url}, database={"url": url}) as exporter:
        page = whole(exporter, "recommendations")
    assert page.value("ops_collector_success", collector="recommendations") == 1
    assert not [name for name in page.names() if name.startswith("ops_recommendations")]
    assert not [line for line in caplog.messages if line.startswith("recommendations")]


def test_precision_and_recall_of_the_active_version(url: str, backend: BackendDouble) -> None:
    measured = {"precision_at_10": 0.31, "recall_at_10": 0.12, "evaluated_at": "2026-11-02T03:00:00"}
    versions: list[dict[str, Any]] = [
        {"model_name": "ncf", "metrics": {"precision": 0.9}, "is_active": False},
        {"model_name": "ncf", "metrics": measured, "created_at": ago(2)},
        {"model_name": "ncf", "metrics": {"precision": 0.2}, "created_at": ago(9)},
        {"model_name": "graph", "metrics": {"recall": 0.4, "precision": 44}, "created_at": ago(1)},
        {"model_name": "broken", "metrics": ["precision"]},
        {"model_name": "silent", "metrics": None},
    ]
    insert(url, VERSIONS, versions)
    page = scrape(url, backend, "evaluations")
    precision = page.series("ops_recommendations_precision_ratio")
    assert [(labels["model"], value) for labels, value in precision] == [("ncf", 0.31)]
    assert page.value("ops_recommendations_recall_ratio", model="ncf") == 0.12
    assert page.value("ops_recommendations_recall_ratio", model="graph") == 0.4
    assert page.value("ops_recommendations_evaluated_timestamp_seconds", model="ncf") == 1793588400
    assert len(page.series("ops_recommendations_evaluated_timestamp_seconds")) == 2


def test_the_backends_own_report_where_it_works(backend: BackendDouble) -> None:
    report = {"status": "ok", "timestamp": "2026-11-02T03:00:00", "metrics": {"precision_at_10": 0.25}}
    backend.monitoring("/recommendation-quality", report)
    page = scrape(None, backend, "evaluations")
    assert page.value("ops_recommendations_precision_ratio", model="reported") == 0.25
    assert page.value("ops_recommendations_evaluated_timestamp_seconds", model="reported") == 1793588400


def test_a_report_that_is_broken_and_no_database(backend: BackendDouble) -> None:
    backend.monitoring("/recommendation-quality", {"detail": "Internal server error"}, 500)
    page = scrape(None, backend, "evaluations")
    assert page.value("ops_collector_success", collector="recommendations.evaluations") == 0
