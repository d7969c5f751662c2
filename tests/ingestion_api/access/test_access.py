"""Who is let in, how guessing is held back."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ingestion_api.access.attempt_limiter import REMEMBERED, AttemptLimiter
from ingestion_api.settings import Settings
from tests.ingestion_api.processes import TOKEN

AUDIT = "/api/v1/audit"
BELL = "the bell that only Alertmanager rings"


class Watch:
    """A stop watch that is set by hand."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        """The seconds it shows."""
        return self.now


def test_after_some_failures_an_address_has_to_wait() -> None:
    """Until the oldest of them is a window ago; other addresses do not wait."""
    watch = Watch()
    attempts = AttemptLimiter(3, 60.0, watch)
    for _ in range(3):
        assert attempts.wait("192.0.2.1") == 0.0
        attempts.failed("192.0.2.1")
        watch.now += 10
    assert (attempts.wait("192.0.2.1"), attempts.wait("192.0.2.2")) == (30.0, 0.0)
    watch.now += 30
    assert attempts.wait("192.0.2.1") == 0.0


def test_addresses_are_not_remembered_without_end() -> None:
    """So that a flood of them does not fill the memory."""
    attempts = AttemptLimiter(1, 60.0)
    for number in range(REMEMBERED + 10):
        attempts.failed(str(number))
    assert attempts.wait("0") == 0.0
    assert attempts.wait(str(REMEMBERED + 9)) > 0.0


def test_guessing_is_held_back(start: Callable[..., TestClient]) -> None:
    """Even the right token has to wait then; no token at all is no guess."""
    client = start(attempts=3)
    for _ in range(5):
        assert client.get(AUDIT, headers={"Authorization": ""}).status_code == 401
    for _ in range(3):
        assert client.get(AUDIT, headers={"Authorization": "Bearer guess"}).status_code == 401
    answer = client.get(AUDIT)
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Too many failed attempts" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/api/v1/ingestion/jobs"),
        ("GET", "/api/v1/ingestion/jobs/1"),
        ("POST", "/api/v1/ingestion/jobs/1/cancel"),
        ("POST", "/api/v1/ingestion/jobs/1/retry"),
        ("POST", "/admin/sparse-embeddings/generate"),
        ("GET", "/api/v1/cache"),
        ("POST", "/api/v1/cache/clear"),
        ("POST", "/api/v1/alerts/webhook"),
        ("GET", "/api/v1/alerts"),
        ("POST", "/api/v1/alerts/1/acknowledge"),
        ("DELETE", "/api/v1/alerts/1/acknowledge"),
        ("GET", "/api/v1/preferences"),
        ("PUT", "/api/v1/preferences/pool_use"),
        ("DELETE", "/api/v1/preferences/pool_use"),
        ("GET", AUDIT),
    ],
)
def test_every_other_route_wants_the_token(client: TestClient, method: str, path: str) -> None:
    """Before it looks at anything else."""
    client.headers.pop("authorization")
    assert client.request(method, path).status_code == 401


def test_alertmanagers_token_opens_its_webhook_only(start: Callable[..., TestClient]) -> None:
    """It is kept on another machine, so it can do less."""
    client = start(webhook_token=SecretStr(BELL))
    bell = {"Authorization": f"Bearer {BELL}"}
    assert client.post("/api/v1/alerts/webhook", json={"alerts": []}, headers=bell).status_code == 200
    assert client.get(AUDIT, headers=bell).status_code == 401


def test_no_secret_is_logged(
    start: Callable[..., TestClient], caplog: pytest.LogCaptureFixture, settings: Callable[..., Settings]
) -> None:
    """Neither the right token nor a wrong one, nor the password of an address."""
    caplog.set_level("DEBUG")
    client = start()
    client.get(AUDIT)
    client.get(AUDIT, headers={"Authorization": "Bearer a-guess"})
    chosen = settings(database_url="postgresql+psycopg://keeper:pass-word@127.0.0.1:9/x")
    assert "pass-word" not in repr(chosen)
    assert TOKEN not in repr(chosen)
    assert not any(secret in caplog.text for secret in (TOKEN, "a-guess", "pass-word"))
