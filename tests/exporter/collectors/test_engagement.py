"""Users and what they do, from the backend's report or from its tables."""

import time
from pathlib import Path
from typing import Any

import pytest

from tests.exporter.backend_double import BackendDouble
from tests.exporter.backend_tables import (
    ANNOTATIONS,
    COLLECTIONS,
    INTERACTIONS,
    PROFILES,
    RESOURCES,
    USERS,
    ago,
    create,
    insert,
    sqlite_url,
)
from tests.exporter.exporter_page import Page, watching
from tests.exporter.whole_page import whole
from tests.servers.postgres_server import PostgresServer


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of either kind."""
    if request.param == "sqlite":
        return sqlite_url(tmp_path)
    server: PostgresServer = request.getfixturevalue("postgres_server")
    return server.fresh_database()


def fill(url: str) -> None:
    """Three users: one busy, one who came two weeks ago, one who was never here."""
    insert(url, USERS, [{"id": name} for name in ("busy", "rare", "never")])
    done: list[tuple[str, str, int, float]] = [
        ("busy", "view", 1, 0.1), ("busy", "view", 0, 3), ("busy", "rating", 1, 3), ("rare", "export", 1, 14),
        ("rare", "view", 0, 40),
    ]  # fmt: skip
    rows: list[dict[str, Any]] = [
        {"user_id": user, "interaction_type": kind, "is_positive": good, "interaction_timestamp": ago(days)}
        for user, kind, good, days in done
    ]
    insert(url, INTERACTIONS, rows)
    insert(url, PROFILES, [{"avg_session_duration": seconds} for seconds in (60.0, 180.0, 0.0, None)])


def metrics(**changes: Any) -> dict[str, Any]:
    """An answer of /user-engagement."""
    shape = {
        "total_users": 9, "active_users": 4, "total_interactions": 12, "positive_interactions": 8,
        "positive_rate": 0.667, "interactions_by_type": {"view": 10, "export": 2},
        "avg_session_duration_seconds": 75.5,
    }  # fmt: skip
    return {"status": "ok", "time_window_days": 7, "metrics": {**shape, **changes}}


def scrape(url: str | None, backend: BackendDouble, part: str = "engagement.users") -> Page:
    """The part of the page that shows engagement."""
    with watching(backend={"url": backend.url}, database={"url": url} if url else {}) as exporter:
        return whole(exporter, part) if url else exporter.page(part)


def test_from_the_tables_where_the_report_is_broken(url: str, backend: BackendDouble) -> None:
    backend.monitoring("/user-engagement", {"detail": "Internal server error"}, 500)
    fill(create(url))
    page = scrape(url, backend)
    assert page.state("ops_engagement_source", label="source") == "sql"
    assert page.value("ops_collector_success", collector="engagement.users") == 1
    assert page.value("ops_engagement_users") == 3
    active = {w: page.value("ops_engagement_active_users", window=w) for w in ("1d", "7d", "30d")}
    assert active == {"1d": 1, "7d": 1, "30d": 2}
    assert page.value("ops_engagement_interactions", interaction="view", window="7d") == 2
    assert page.value("ops_engagement_interactions", interaction="view", window="30d") == 2
    assert page.value("ops_engagement_interactions", interaction="export", window="7d") == 0
    assert page.value("ops_engagement_positive_interactions", window="30d") == 3
    assert page.value("ops_engagement_session_seconds") == 120


def test_from_the_report_where_it_works(tmp_path: Path, backend: BackendDouble) -> None:
    backend.monitoring("/user-engagement", metrics())
    backend.monitoring("/user-engagement?time_window_days=1", metrics(active_users=1))
    fill(create(sqlite_url(tmp_path)))
    page = scrape(sqlite_url(tmp_path), backend)
    assert page.state("ops_engagement_source", label="source") == "api"
    assert page.value("ops_engagement_users") == 9
    assert page.value("ops_engagement_active_users", window="1d") == 1
    assert page.value("ops_engagement_active_users", window="30d") == 4
    assert page.value("ops_engagement_interactions", interaction="view", window="7d") == 10
    assert page.value("ops_engagement_session_seconds") == 75.5


def test_a_report_without_figures_is_no_report(tmp_path: Path, backend: BackendDouble) -> None:
    backend.monitoring("/user-engagement", metrics(total_users="many"))
    page = scrape(create(sqlite_url(tmp_path)), backend)
    assert page.state("ops_engagement_source", label="source") == "sql"
    assert page.value("ops_engagement_session_seconds") is None


def test_a_session_of_no_time_is_no_session(backend: BackendDouble) -> None:
    backend.monitoring("/user-engagement", metrics(avg_session_duration_seconds=0.0))
    assert scrape(None, backend).value("ops_engagement_session_seconds") is None


def test_neither_report_nor_database(backend: BackendDouble, caplog: pytest.LogCaptureFixture) -> None:
    backend.monitoring("/user-engagement", {"detail": "Internal server error"}, 500)
    page = scrape(None, backend)
    assert page.value("ops_collector_success", collector="engagement.users") == 0
    assert "/user-engagement" in caplog.text


def test_many_types_of_interaction_stay_few_series(tmp_path: Path, backend: BackendDouble) -> None:
    url = create(sqlite_url(tmp_path))
    kinds = [f"kind-{n}" for n in range(40)] + ["view", "view"]
    insert(url, INTERACTIONS, [{"user_id": "a", "interaction_type": kind} for kind in kinds])
    page = scrape(url, backend)
    series = page.series("ops_engagement_interactions", window="1d")
    assert len(series) == 21
    assert sum(value for _, value in series) == 42
    assert page.value("ops_engagement_interactions", interaction="view", window="1d") == 2


def test_missing_tables_cost_their_own_series_and_no_error(
    url: str, backend: BackendDouble, caplog: pytest.LogCaptureFixture
) -> None:
    create(url, INTERACTIONS, PROFILES, ANNOTATIONS)
    insert(url, USERS, [{}, {}])
    insert(url, COLLECTIONS, [{"created_at": ago(days)} for days in (0.5, 5, 50)])
    with watching(backend={"url": backend.url}, database={"url": url}) as exporter:
        users, created = whole(exporter, "engagement.users"), whole(exporter, "engagement.created")
    assert users.value("ops_engagement_users") == 2
    assert not users.series("ops_engagement_active_users")
    assert created.value("ops_engagement_objects", object="collections") == 3
    assert created.value("ops_engagement_created", object="collections", window="1d") == 1
    assert created.value("ops_engagement_created", object="collections", window="30d") == 2
    assert created.value("ops_engagement_created", object="resources", window="30d") == 0
    assert not created.series("ops_engagement_objects", object="annotations")
    assert not [line for line in caplog.messages if line.startswith("engagement")]


def test_searches_are_the_requests_that_were_answered(backend: BackendDouble) -> None:
    lines = [
        f"process_start_time_seconds {time.time()}",
        "# HELP http_requests_total Requests.", "# TYPE http_requests_total counter",
        'http_requests_total{handler="/search",method="POST",status="2xx"} 7',
        'http_requests_total{handler="/search/advanced",method="POST",status="2xx"} 2',
        'http_requests_total{handler="/search",method="POST",status="4xx"} 5',
        'http_requests_total{handler="/search/health",method="GET",status="2xx"} 900', "",
    ]  # fmt: skip
    backend.says("/metrics", "\n".join(lines), content_type="text/plain")
    page = scrape(None, backend, "engagement.searches")
    assert page.value("ops_engagement_searches_total") == 9


def test_resources_by_the_state_of_their_ingestion(url: str, backend: BackendDouble) -> None:
    create(url)
    states = ["pending", "completed", "completed", "failed", "error", "strange"]
    insert(url, RESOURCES, [{"ingestion_status": state, "embedding": "[1]"} for state in states])
    insert(url, RESOURCES, [{"embedding": ""}, {"embedding": None}])
    page = scrape(url, backend, "ingestion.resources")
    found = {labels["ingestion_status"]: value for labels, value in page.series("ops_resources")}
    assert found == {"pending": 1, "processing": 0, "completed": 4, "failed": 1, "error": 1, "strange": 1}
    assert page.value("ops_resources_without_embedding") == 2
