"""What is slow to write and the same for everybody is written once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from fastapi.openapi.utils import get_openapi

from ingestion_api.web.application import Application

CLIENTS = 16


def test_who_asks_while_the_document_is_written_waits_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise each of them writes it, and nobody else has an answer meanwhile."""
    app, together, written = Application(title="a"), threading.Barrier(CLIENTS), []

    def counted(**options: Any) -> dict[str, Any]:
        written.append(options["title"])
        return get_openapi(**options)

    def ask(_client: int) -> Any:
        together.wait(10)
        return app.openapi(), app.written_once("page", object)

    monkeypatch.setattr("fastapi.applications.get_openapi", counted)
    with ThreadPoolExecutor(CLIENTS) as clients:
        answers = list(clients.map(ask, range(CLIENTS)))
    assert written == ["a"]
    assert all(document is answers[0][0] and page is answers[0][1] for document, page in answers)
