"""The page of all routes, which docs/operations.md lists."""

import re
from html import unescape

import pytest

from tests.ingestion_api.pages.visits import Visits


def test_every_route_of_the_document_is_shown(visits: Visits) -> None:
    """To whom may read the document, which is anybody."""
    document = visits.client.get("/openapi.json").json()
    page = unescape(visits.get("/docs").text.replace("<wbr>", ""))
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            assert f"<code>{method.upper()} {path}</code>" in page
            assert operation["summary"] in page


def test_the_document_is_written_once(visits: Visits, monkeypatch: pytest.MonkeyPatch) -> None:
    """So that who asks for it all day costs little."""
    first = visits.client.get("/openapi.json")
    monkeypatch.setattr(visits.app, "openapi", None)
    again = visits.client.get("/openapi.json")
    assert again.headers["content-type"] == "application/json"
    assert again.content == first.content


def test_it_shows_examples_and_what_is_needed(visits: Visits) -> None:
    """Of bodies, answers and parameters; and which route wants the token."""
    page = visits.get("/docs").text
    assert "&#34;prefix&#34;: &#34;embedding:&#34;" in page
    assert "&#34;queue_position&#34;: " in page
    assert "<code>Idempotency-Key</code>" in page
    assert "It wants a bearer token." in page


def test_it_loads_nothing_from_elsewhere(visits: Visits) -> None:
    """The strict policy of all pages holds here too."""
    answer = visits.get("/docs")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "unsafe" not in answer.headers["content-security-policy"]
    loaded = re.findall(r'(?:src|href)="([^"]*)"', answer.text)
    assert [address for address in loaded if not address.startswith(("/", "#"))] == []
