"""Whatever is wrong with a request, the answer is one sentence and a fitting status."""

import base64
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from starlette.testclient import TestClient

from ingestion_api.alerts.webhook import EXAMPLE

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
        (WEBHOOK, {}, "alerts is missing."),
        (WEBHOOK, {"alerts": {}}, "alerts is wrong"),
    ],
)
def test_a_wrong_body_is_422_with_the_field(client: TestClient, path: str, body: Any, said: str) -> None:
    """The first thing that is wrong is named."""
    answer = client.post(path, json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"].startswith(said)


@pytest.mark.parametrize(
    ("alert", "said"),
    [
        ({"status": "burning"}, "alerts.0.status: "),
        (notice(startsAt="0001-01-01T00:00:00+01:00"), "alerts.0.startsAt: lies outside"),
        (notice(endsAt="9999-12-31T23:59:59-01:00"), "alerts.0.endsAt: lies outside"),
        (notice(labels={"a": 5}), "alerts.0.labels.a: "),
    ],
)
def test_an_alert_that_cannot_be_read_is_left_out_and_named(
    client: TestClient, alert: Any, said: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The log says why; the call is accepted for the sake of the others."""
    answer = client.post(WEBHOOK, json={"alerts": [alert, notice()]})
    assert answer.json() == {"new": 1, "known": 0, "refused": 1, "truncated": 0}
    assert said in caplog.text


@pytest.mark.parametrize("body", [b"{", b"\xff\xfe", b"nothing"])
def test_a_body_that_is_no_json_is_refused(client: TestClient, body: bytes) -> None:
    """Whether it can be decoded or not."""
    answer = client.post(GENERATE, content=body, headers={"Content-Type": "application/json"})
    assert answer.status_code in (400, 422)
    assert isinstance(answer.json()["detail"], str)


def test_a_huge_body_is_413_before_it_is_read(start: Callable[..., TestClient]) -> None:
    """By its announced length, or once too much of it has come."""
    client = start(body_limit=2_000, webhook_body_limit=2_000)
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


def test_a_parameter_that_is_not_known_is_told_with_those_that_are(client: TestClient) -> None:
    """As the page of alerts names one of them otherwise."""
    answer = client.get("/api/v1/alerts?state=firing")
    assert answer.status_code == 422
    known = "status, severity, module, signal, label, text, since, until, acknowledged, order, limit, before"
    assert answer.json()["detail"] == f"state is no parameter of this address; expected {known}."


def test_all_methods_of_an_address_are_told(client: TestClient) -> None:
    """Also where two routes share it."""
    answer = client.patch("/api/v1/preferences/pool_use")
    assert (answer.status_code, answer.headers["allow"]) == (405, "DELETE, PUT")


ENDS = ("0001-01-01T00:00:00", "0001-01-01T23:59:59", "9999-12-31T23:59:59.999999", "9999-12-31T00:00:00")
OFFSETS = ("Z", "+00:01", "-00:01", "+14:00", "-12:00", "+23:59", "-23:59")


def test_a_moment_at_the_ends_of_time_is_stored_or_refused(client: TestClient) -> None:
    """By every route that takes one; what is stored is shown."""
    for moment in (end + offset for end in ENDS for offset in OFFSETS):
        for field in ("startsAt", "endsAt"):
            body = {"alerts": [notice(status="resolved", **{field: moment})]}
            assert client.post(WEBHOOK, json=body).status_code in (200, 422), moment
        levels = {"levels": {"warning": 5}, "expires_at": moment}
        answer = client.put("/api/v1/preferences/worker_queue_length", json=levels)
        assert answer.status_code in (400, 422), moment
    assert client.get("/api/v1/alerts").status_code == 200


def cursor(text: str) -> str:
    """A cursor of the history that holds this."""
    return base64.urlsafe_b64encode(text.encode()).decode()


NUMBERS = ("0", "-1", "2147483648", "9223372036854775808", "9" * 30, "-" + "9" * 30, "x", "", "\u0661")


def test_a_cursor_that_is_none_of_ours_is_400(client: TestClient) -> None:
    """However large its numbers are."""
    for moment in ("1", "9999999999", *NUMBERS):
        for job_id in NUMBERS:
            params = {"cursor": cursor(f"{moment}.{job_id}")}
            answer = client.get("/api/v1/ingestion/jobs/history", params=params)
            assert answer.status_code == 400, (moment, job_id)
            assert answer.json()["detail"].startswith("cursor is invalid")


@pytest.mark.parametrize("address", ["/api/v1/alerts", "/api/v1/audit", "/api/v1/ingestion/jobs", "/jobs"])
def test_a_number_that_cannot_be_one_of_ours_is_422(client: TestClient, address: str) -> None:
    """In every address that goes on from one; the page asks who is there first."""
    for number in filter(None, NUMBERS):
        answer = client.get(address, params={"before": number}, follow_redirects=False)
        assert answer.status_code == (303 if address == "/jobs" else 422), number


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

    monkeypatch.setattr("ingestion_api.cache.Cache.statistics", fail)
    answer = client.get("/api/v1/cache")
    assert (answer.status_code, answer.json()) == (
        500,
        {"detail": "The service failed unexpectedly; its log says why."},
    )
    assert "a detail for the log only" in caplog.text
    assert answer.headers["x-content-type-options"] == "nosniff"
