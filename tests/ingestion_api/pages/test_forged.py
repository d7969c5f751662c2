"""Nobody is an operator without the token: forged cookies, a token that vanishes, is replaced, is weak."""

import hashlib
import hmac
import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from fastapi import FastAPI
from starlette.testclient import TestClient

from ingestion_api.__main__ import main
from ingestion_api.pages.session import COOKIE
from tests.ingestion_api.pages.forgery import cookie, former_key, guessed_keys, is_let_in, show, signature
from tests.ingestion_api.pages.visits import Visits
from tests.servers.waiting import eventually

FIRST = "0123456789abcdef0123456789abcdef"
SECOND = "fedcba9876543210fedcba9876543210"
AUDIT = "/api/v1/audit"
CLEAR = "/api/v1/cache/clear"
Start = Callable[..., TestClient]


@pytest.fixture
def token_file(tmp_path: Path) -> Path:
    """The operators' token in a file."""
    (tmp_path / "token").write_text(FIRST)
    return tmp_path / "token"


@pytest.fixture
def keeper(start: Start, token_file: Path) -> Visits:
    """A browser of a service whose token is in that file; signed in."""
    return signed_in(opened(start, token_file), FIRST)


def opened(start: Start, token_file: Path) -> Visits:
    client = start(token=None, token_file=token_file)
    client.headers.pop("authorization")
    client.follow_redirects = False
    assert isinstance(client.app, FastAPI)
    return Visits(client, client.app)


def signed_in(keeper: Visits, token: str) -> Visits:
    assert keeper.post("/sign-in", token=token).status_code == 303
    assert keeper.get("/jobs").status_code == 200
    return keeper


def bearer(keeper: Visits, token: str) -> int:
    return keeper.client.get(AUDIT, headers={"authorization": f"Bearer {token}"}).status_code


def test_a_cookie_signed_with_a_guessed_key_opens_nothing(keeper: Visits) -> None:
    """Not even one that was made with the right token."""
    for key in guessed_keys(FIRST, f"{FIRST}\n"):
        assert not is_let_in(keeper, key, cookie(key)), key


@pytest.mark.parametrize("flaw", ["emptied", "removed", "weak", "unreadable", "a folder"])
def test_while_the_token_opens_nothing_nobody_is_let_in(keeper: Visits, token_file: Path, flaw: str) -> None:
    """Neither who signed in before, nor who forges, nor with any bearer; once it is back, all goes on."""
    own = keeper.client.cookies[COOKIE]
    spoil(token_file, flaw)
    show(keeper, own)
    assert keeper.get("/jobs").headers["location"] == "/sign-in?next=%2Fjobs"
    for key in guessed_keys(FIRST, "weak"):
        assert not is_let_in(keeper, key, cookie(key)), key
    for token in (FIRST, "weak", "x", "''"):
        assert bearer(keeper, token) == 401
    restore(token_file)
    assert bearer(keeper, FIRST) == 200
    show(keeper, own)
    assert keeper.get("/jobs").status_code == 200


def spoil(file: Path, flaw: str) -> None:
    file.unlink()
    if flaw == "a folder":
        file.mkdir()
    elif flaw == "unreadable":
        file.symlink_to(file)
    elif flaw != "removed":
        file.write_text("weak" if flaw == "weak" else "")


def restore(file: Path) -> None:
    if file.is_dir():
        file.rmdir()
    file.unlink(missing_ok=True)
    file.write_text(FIRST)


def test_the_sign_in_page_the_routes_and_the_log_say_why(
    keeper: Visits, token_file: Path, caplog: pytest.LogCaptureFixture
) -> None:
    token_file.write_text("")
    why = "the file of SERVICE_TOKEN_FILE is empty; expected at least 32 characters, 8 of them different."
    for _ in range(3):
        keeper.client.cookies.clear()
        page = keeper.get("/sign-in")
        assert page.status_code == 503
        assert f"Nobody can sign in: {why}" in page.text
        assert "<form" not in page.text
        assert "set-cookie" not in page.headers
        assert str(token_file) not in page.text
        sent = keeper.post("/sign-in", form_key="0" * 64, token=FIRST)
        assert (sent.status_code, f"Nobody can sign in: {why}" in sent.text) == (503, True)
        answer = keeper.client.get(AUDIT, headers={"authorization": f"Bearer {FIRST}"})
        assert answer.json() == {"detail": f"No bearer token is valid: {why}"}
    said = [it.getMessage() for it in caplog.records if "token" in it.getMessage()]
    assert said == [
        f"The operators' token opens nothing: the file of SERVICE_TOKEN_FILE, {token_file}, is empty; "
        "expected at least 32 characters, 8 of them different."
    ]


def test_asking_while_nothing_is_valid_is_no_guess(keeper: Visits, token_file: Path) -> None:
    """So nobody has to wait once the token is back."""
    token_file.unlink()
    for _ in range(20):
        assert bearer(keeper, FIRST) == 401
    token_file.write_text(FIRST)
    assert bearer(keeper, FIRST) == 200


def test_a_strangers_cookie_does_not_tell_the_token(keeper: Visits) -> None:
    """Whoever guesses the token cannot see from the cookie that the guess is right."""
    keeper.client.cookies.clear()
    keeper.get("/sign-in")
    text, _, signed = keeper.client.cookies[COOKIE].rpartition(".")
    assert signed not in {signature(key, "session", text) for key in guessed_keys(FIRST)}


def test_a_replaced_token_ends_the_sessions_without_a_restart(keeper: Visits, token_file: Path) -> None:
    """Also if the file has the length and the time of the old one."""
    new, then = token_file.with_name("new"), token_file.stat()
    new.write_text(SECOND)
    os.utime(new, ns=(then.st_atime_ns, then.st_mtime_ns))
    new.replace(token_file)
    assert keeper.get("/jobs").status_code == 303
    assert (bearer(keeper, FIRST), bearer(keeper, SECOND)) == (401, 200)
    keeper.client.cookies.clear()
    signed_in(keeper, SECOND)


def test_a_replaced_token_ends_forms_and_confirmations(keeper: Visits, token_file: Path) -> None:
    head = {"authorization": f"Bearer {FIRST}"}
    word = keeper.client.post(CLEAR, json={"prefix": "aa"}, headers=head).json()["confirmation"]
    form_key, own = keeper.form_key(), keeper.client.cookies[COOKIE]
    token_file.write_text(SECOND)
    show(keeper, own)
    assert keeper.post("/cache/dry-run", form_key=form_key, prefix="aa").status_code == 403
    assert confirmed(keeper, SECOND, word) == 409


def confirmed(keeper: Visits, token: str, word: str) -> int:
    body = {"prefix": "aa", "dry_run": False, "confirmation": word}
    return keeper.client.post(CLEAR, json=body, headers={"authorization": f"Bearer {token}"}).status_code


def test_a_confirmation_cannot_be_made_from_the_token(keeper: Visits) -> None:
    until = int(time.time()) + 60
    former = hashlib.sha256(f"watchroom {FIRST}".encode()).digest()
    words = {hmac.new(former, f"clear cache {until} aa".encode(), hashlib.sha256).hexdigest()}
    for key in guessed_keys(FIRST):
        words |= {signature(key, it, f"{until} aa") for it in ("clear cache", "session", "form")}
    for word in words:
        assert confirmed(keeper, FIRST, f"{until}.{word}") == 409


def test_a_rotated_key_ends_sessions_forms_and_confirmations_while_the_service_runs(
    keeper: Visits, tmp_path: Path
) -> None:
    head = {"authorization": f"Bearer {FIRST}"}
    word = keeper.client.post(CLEAR, json={"prefix": "aa"}, headers=head).json()["confirmation"]
    own, form_key = keeper.client.cookies[COOKIE], keeper.form_key()
    (tmp_path / "service.yml").write_text(f"run_dir: {tmp_path / 'run'}\n")
    assert main(["--rotate-key", "--config", str(tmp_path / "service.yml")]) == 0

    def is_out() -> bool:
        show(keeper, own)
        return keeper.get("/jobs").status_code == 303

    eventually(is_out, within=5)
    show(keeper, own)
    assert keeper.post("/cache/dry-run", form_key=form_key, prefix="aa").status_code == 403
    assert confirmed(keeper, FIRST, word) == 409
    keeper.client.cookies.clear()
    signed_in(keeper, FIRST)


def test_a_weak_token_lets_nobody_in(start: Start, tmp_path: Path) -> None:
    """Even if something other than `python -m ingestion_api` has started the service."""
    (tmp_path / "weak").write_text("password")
    keeper = opened(start, tmp_path / "weak")
    assert "holds a weak token" in keeper.get("/sign-in").text
    assert bearer(keeper, "password") == 401
    assert not is_let_in(keeper, former_key("password"), cookie(former_key("password")))


def test_a_page_that_is_not_there_needs_no_token(keeper: Visits, token_file: Path) -> None:
    token_file.unlink()
    answer = keeper.get("/nothing")
    assert (answer.status_code, "Sign out" in answer.text) == (404, False)
