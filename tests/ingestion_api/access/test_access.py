"""Who is let in, how guessing is held back."""

from collections.abc import Callable

import pytest
from pydantic import SecretStr
from starlette.testclient import TestClient

from ingestion_api.access.attempt_limiter import REMEMBERED, AttemptLimiter
from ingestion_api.access.failed_attempts import ROWS, WINDOW, FailedAttempts
from ingestion_api.audit import audit_rows
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.tables import AuditRow
from tests.ingestion_api.conftest import HandClock
from tests.ingestion_api.pages.visits import FORM_KEY
from tests.ingestion_api.processes import TOKEN
from tests.servers.waiting import eventually

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
    """No token at all is no guess."""
    client = start(attempts=3)
    for _ in range(5):
        assert client.get(AUDIT, headers={"Authorization": ""}).status_code == 401
    for _ in range(3):
        assert client.get(AUDIT, headers={"Authorization": "Bearer guess"}).status_code == 401
    answer = client.get(AUDIT, headers={"Authorization": "Bearer guess"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["retry-after"]) <= 60
    assert "Too many failed attempts" in answer.json()["detail"]


def test_the_right_token_never_waits_for_wrong_ones_of_its_address(start: Callable[..., TestClient]) -> None:
    """Alertmanager's calls came from the address of somebody who had mistyped, and were refused."""
    client = start(webhook_token=SecretStr(BELL))
    bell = {"Authorization": f"Bearer {BELL}"}
    for path in ("/api/v1/alerts/webhook", AUDIT) * 5:
        client.request("GET" if path is AUDIT else "POST", path, headers={"Authorization": "Bearer wrong"})
    for _ in range(2):
        assert client.get(AUDIT, headers={"Authorization": "Bearer wrong"}).status_code == 429
        assert client.post("/api/v1/alerts/webhook", json={"alerts": []}, headers=bell).status_code == 200
        assert client.get(AUDIT).status_code == 200


def test_wrong_tokens_are_in_the_log_and_in_the_audit_log(
    start: Callable[..., TestClient], caplog: pytest.LogCaptureFixture
) -> None:
    client = start()
    client.get(AUDIT, headers={"Authorization": "Bearer a-guess"})
    key = FORM_KEY.search(client.get("/sign-in").text)
    assert key
    client.post("/sign-in", data={"form_key": key[1], "token": "a-guess"})

    def rows() -> list[dict[str, str]]:
        found: list[dict[str, str]] = client.get(AUDIT, params={"action": "sign_in_failed"}).json()["changes"]
        assert len(found) == 2
        return found

    kept = eventually(rows)
    assert [(row["actor"], row["address"], row["subject"]) for row in kept] == [
        ("unknown", "testclient", "the sign-in page"),
        ("unknown", "testclient", "the API"),
    ]
    logged = [it.getMessage() for it in caplog.records if "wrong token" in it.getMessage()]
    assert logged == [
        "wrong token from testclient at the API",
        "wrong token from testclient at the sign-in page",
    ]
    assert "a-guess" not in f"{kept} {caplog.text}"


def test_a_flood_of_wrong_tokens_fills_neither_log(store: Store, clock: HandClock) -> None:
    """What is left out is counted by the next one that is kept."""
    watch = Watch()
    failed = FailedAttempts(store, clock, watch)
    for number in range(ROWS + 7):
        failed.record(f"192.0.2.{number}", "the API")
    watch.now += WINDOW
    failed.record("198.51.100.1", "the API")

    def rows() -> list[AuditRow]:
        with store.read() as session:
            found = list(audit_rows(session, 100))
        assert len(found) == ROWS + 1
        return found

    last = eventually(rows)[0]
    assert (last.address, last.details) == ("198.51.100.1", {"left_out_before": 7})
    failed.close()


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
    for path in ("/api/v1/alerts", AUDIT):
        answer = client.get(path, headers=bell)
        assert answer.status_code == 403
        assert answer.json()["detail"].startswith("alertmanager has the role webhook; expected ")


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
