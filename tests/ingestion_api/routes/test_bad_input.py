"""Whatever is wrong with a request, the answer is one sentence and a fitting status."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from ingestion_api.alerts.notices import EXAMPLE

GENERATE = "/admin/sparse-embeddings/generate"
CLEAR = "/api/v1/cache/clear"
WEBHOOK = "/api/v1/alerts/webhook"


def notice(**changes: Any) -> dict[str, Any]:
    """An alert of a webhook call."""
    return {**EXAMPLE["alerts"][0], **changes}


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        (GENERATE, {"batch_size": "many"}, "batch_size is wrong: input should be a valid integer."),
        (GENERATE, {"batch_size": True}, "batch_size is wrong"),
        (GENERATE, {"batch_size": 0}, "batch_size is wrong: input should be greater than or equal to 1."),
        (GENERATE, {"resource_ids": "x"}, "resource_ids is wrong: input should be a valid list."),
        (GENERATE, {"resource_ids": ["a b"]}, "resource_ids.0 is wrong"),
        (GENERATE, {"resource": []}, "resource is not a known field."),
        (GENERATE, [], "body is wrong"),
        (CLEAR, {}, "prefix is missing."),
        (CLEAR, {"prefix": ""}, "prefix is wrong"),
        (CLEAR, {"prefix": "a b"}, "prefix is wrong"),
        (WEBHOOK, {"alerts": [{"status": "burning"}]}, "alerts.0.status is wrong"),
        (WEBHOOK, {}, "alerts is missing."),
        (
            WEBHOOK,
            {"alerts": [notice(startsAt="0001-01-01T00:00:00+01:00")]},
            "alerts.0.startsAt lies outside",
        ),
        (WEBHOOK, {"alerts": [notice(endsAt="9999-12-31T23:59:59-01:00")]}, "alerts.0.endsAt lies outside"),
        (WEBHOOK, {"alerts": [notice(labels={"a\0": "b"})]}, "alerts.0.labels.a\0.[key] is wrong"),
        (WEBHOOK, {"alerts": [notice(annotations={"a": "\0"})]}, "alerts.0.annotations.a is wrong"),
    ],
)
def test_a_wrong_body_is_422_with_the_field(client: TestClient, path: str, body: Any, said: str) -> None:
    """The first thing that is wrong is named."""
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(said)


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"nothing"])
def test_a_body_that_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    """Whether it can be decoded or not."""
    answer = client.post(GENERATE, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["detail"], str)


def test_a_huge_body_is_413_before_it_is_read(start: Callable[..., TestClient]) -> None:
    """By its announced length, or once too much of it has come."""
    client = start(body_limit=2_000)
    announced = client.post(WEBHOOK, content=b"x" * 2_001)

    def parts() -> Iterator[bytes]:
        for _ in range(3):
            yield b"x" * 1_000

    unannounced = client.post(WEBHOOK, content=parts())
    for answer in (announced, unannounced):
        assert answer.status_code == 413
        assert answer.json() == {"detail": "The body is too large; expected at most 2000 bytes."}


def test_an_unknown_address_or_method_is_told_in_the_same_shape(client: TestClient) -> None:
    """With the methods that would do."""
    assert client.get("/api/v1/nothing").json() == {"detail": "There is nothing at this address."}
    answer = client.delete("/api/v1/ingestion/queue")
    assert (answer.status_code, answer.headers["allow"]) == (405, "GET, HEAD")
    assert answer.json() == {"detail": "This address does not know that method."}


def test_all_methods_of_an_address_are_told(client: TestClient) -> None:
    """Also where two routes share it."""
    answer = client.patch("/api/v1/preferences/pool_use")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT")


@pytest.mark.parametrize("job_id", ["0", "-1", "x", "99999999999999999999", "1.5"])
def test_a_job_number_that_cannot_be_one_is_422(client: TestClient, job_id: str) -> None:
    """No database is asked for it."""
    answer = client.get(f"/api/v1/ingestion/jobs/{job_id}")
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith("job_id is wrong")


def test_an_unexpected_error_is_500_without_its_text(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Which is in the log."""

    def fail(_self: object) -> None:
        raise RuntimeError("a detail for the log only")

    monkeypatch.setattr("ingestion_api.cache.cache.Cache.statistics", fail)
    answer = client.get("/api/v1/cache")
    assert (answer.status_code, answer.json()) == (
        500,
        {"detail": "The service failed unexpectedly; its log says why."},
    )
    assert "a detail for the log only" in caplog.text
