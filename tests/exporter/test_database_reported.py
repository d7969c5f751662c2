"""What the backend says of its database is told as what it says, whether it is true or not."""

from typing import Any

import pytest

from tests.exporter.backend_double import BackendDouble
from tests.exporter.exporter_page import watching


def report(healthy: Any = True, status: str = "ok", warnings: Any = ()) -> dict[str, Any]:
    """An answer of /database."""
    return {"status": status, "database": {"type": "sqlite", "healthy": healthy}, "warnings": warnings}


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (report(), "healthy"),
        (report(warnings=[{"level": "warning", "message": "near capacity"}]), "degraded"),
        (report(status="warning"), "degraded"),
        (report(healthy=False), "down"),
        (report(status="unhealthy"), "down"),
        (report(healthy=None), "unknown"),
        (report(healthy="yes"), "unknown"),
        ({}, "unknown"),
    ],
)
def test_its_state_in_our_words(backend: BackendDouble, body: Any, status: str) -> None:
    backend.monitoring("/database", body)
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("database.reported")
    assert page.state("ops_database_reported_status") == status


def test_its_warnings_are_counted(backend: BackendDouble) -> None:
    backend.monitoring("/database", report(warnings=[{}, {}]))
    with watching(backend={"url": backend.url}) as exporter:
        assert exporter.page("database.reported").value("ops_database_reported_warnings") == 2


def test_no_answer_is_no_state(backend: BackendDouble) -> None:
    backend.monitoring("/database", {"detail": "Internal server error"}, 500)
    with watching(backend={"url": backend.url}) as exporter:
        page = exporter.page("database.reported")
    assert page.state("ops_database_reported_status") is None
    assert page.value("ops_collector_success", collector="database.reported") == 0
