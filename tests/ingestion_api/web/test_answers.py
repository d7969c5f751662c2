"""What holds for every answer: its headers, HEAD beside GET, sentences that can be sent."""

import json
from typing import Any

import pytest
from starlette.testclient import TestClient

ADDRESSES = (
    "/-/healthy",
    "/-/ready",
    "/metrics",
    "/openapi.json",
    "/docs",
    "/sign-in",
    "/static/watchroom.css",
    "/static/lamp.svg",
    "/static/nothing.css",
    "/api/v1/ingestion/queue",
    "/api/v1/ingestion/jobs",
    "/api/v1/ingestion/jobs/99",
    "/api/v1/nothing",
    "/nothing",
)


@pytest.mark.parametrize("address", ADDRESSES)
def test_head_is_answered_as_get_without_the_body(client: TestClient, address: str) -> None:
    """With the same status and headers."""
    get, head = client.get(address), client.head(address)
    assert head.status_code == get.status_code
    assert head.content == b""
    assert head.headers["content-type"] == get.headers["content-type"]
    # a form's key is another one for each stranger, yet as long
    assert head.headers["content-length"] == get.headers["content-length"] or address == "/metrics"


def test_head_is_not_answered_where_get_is_not(client: TestClient) -> None:
    """And is named where it is."""
    answer = client.head("/api/v1/alerts/webhook")
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")
    assert client.put("/metrics").headers["allow"] == "GET, HEAD"


@pytest.mark.parametrize("address", ADDRESSES)
def test_no_browser_guesses_what_an_answer_is(client: TestClient, address: str) -> None:
    """Whoever answers: a route, a file, an error, the check of the host."""
    for headers in ({}, {"Host": "evil.example"}, {"Authorization": ""}):
        answer = client.get(address, headers=headers)
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in answer.headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/admin/sparse-embeddings/generate", {"\ud800": 1}),
        ("/admin/sparse-embeddings/generate", {"x" * 100_000: 1}),
        ("/api/v1/alerts/webhook", {"alerts": {"\ud800": "\udfff"}}),
    ],
)
def test_an_error_that_names_what_was_sent_can_be_sent(client: TestClient, path: str, body: Any) -> None:
    """Half a character is none in UTF-8; a long name would make a long answer."""
    answer = client.post(path, content=json.dumps(body), headers={"Content-Type": "application/json"})
    assert answer.status_code == 422
    assert 0 < len(answer.json()["detail"]) < 600
