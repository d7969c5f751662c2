"""Who may ask what."""

from collections.abc import Iterator

import httpx2
import pytest

from demo.api.auth import sign_token
from tests.demo.running_demo import RunningDemo

PUBLIC = ("/openapi.json", "/api/monitoring/health/ml", "/api/monitoring/health/module/graph",
          "/api/v1/ingestion/health", "/api/v1/ingestion/worker/status", "/api/v1/ingestion/jobs/history",
          "/api/auth/health")  # fmt: skip
CLOSED = ("/metrics", "/api/monitoring/events", "/resources", "/collections/health", "/health")


@pytest.fixture
def stranger(demo: RunningDemo) -> Iterator[httpx2.Client]:
    """A client without a token."""
    with httpx2.Client(base_url=demo.api.base_url) as client:
        yield client


def secret(demo: RunningDemo) -> str:
    """The key that the demo signs with."""
    return (demo.folder / "jwt_secret").read_text().strip()


def asking(stranger: httpx2.Client, credentials: str) -> tuple[int, str]:
    """Status and words of an answer to these credentials."""
    answer = stranger.get("/api/monitoring/events", headers={"Authorization": credentials})
    return answer.status_code, answer.json().get("detail", "")


@pytest.mark.parametrize("path", PUBLIC)
def test_public_paths_need_no_token(stranger: httpx2.Client, path: str) -> None:
    assert stranger.get(path).status_code == 200


@pytest.mark.parametrize("path", CLOSED)
def test_everything_else_does(stranger: httpx2.Client, path: str) -> None:
    answer = stranger.get(path)
    assert (answer.status_code, answer.json()) == (401, {"detail": "Not authenticated"})


def test_basic_credentials_count_as_none(stranger: httpx2.Client) -> None:
    assert asking(stranger, "Basic YTpi") == (401, "Not authenticated")


def test_bad_tokens_are_refused(demo: RunningDemo, stranger: httpx2.Client) -> None:
    claims = {"user_id": "1", "username": "ada"}
    bad = (
        "nonsense", "a.b.c", sign_token(claims, "another key"), sign_token(claims, secret(demo), seconds=-1),
        sign_token({**claims, "type": "refresh"}, secret(demo)),
    )  # fmt: skip
    for token in bad:
        assert asking(stranger, f"Bearer {token}") == (401, "Could not validate credentials")


def test_signing_in_gives_a_token_that_works(stranger: httpx2.Client) -> None:
    tokens = stranger.post("/api/auth/login", data={"username": "ada", "password": "ada"}).json()
    assert tokens["token_type"] == "bearer"
    assert asking(stranger, f"Bearer {tokens['access_token']}") == (200, "")
    assert asking(stranger, f"Bearer {tokens['refresh_token']}") == (401, "Could not validate credentials")
    mine = stranger.get("/api/auth/me", headers={"Authorization": f"Bearer {tokens['access_token']}"})
    assert mine.json()["username"] == "ada"


def test_a_wrong_password_is_refused(stranger: httpx2.Client) -> None:
    answer = stranger.post("/api/auth/login", data={"username": "ada", "password": "b"})
    assert (answer.status_code, answer.json()) == (401, {"detail": "Incorrect username or password"})


def test_a_revoked_token_is_refused(demo: RunningDemo, stranger: httpx2.Client) -> None:
    token = sign_token({"user_id": "1", "username": "bela"}, secret(demo))
    demo.redis(2).set(f"revoked_token:{token}", "true", ex=60)
    assert asking(stranger, f"Bearer {token}") == (401, "Could not validate credentials")


def test_the_token_is_kept_where_only_the_owner_reads_it(demo: RunningDemo) -> None:
    assert (demo.folder / "token").stat().st_mode & 0o777 == 0o600
    assert (demo.folder / "jwt_secret").stat().st_mode & 0o777 == 0o600
