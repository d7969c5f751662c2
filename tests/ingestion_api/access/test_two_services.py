"""Several processes of the service on one database know each other's sessions."""

import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx2

from tests.ingestion_api.pages.visits import FORM_KEY
from tests.ingestion_api.processes import ROOT, TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer
from tests.servers.waiting import eventually


def test_a_session_is_known_to_both_and_a_rotation_or_an_emptied_token_ends_it_at_both(
    tmp_path: Path, redis_server: RedisServer
) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN)
    env = environment(tmp_path / "run", redis_server.database(9), token_file=file)
    del env["SERVICE_TOKEN"]
    with two_services(tmp_path, env) as (one, other):
        for end in (lambda: rotate(env), lambda: file.write_text("")):
            cookies = session_of(one)
            assert [opens(it, cookies) for it in (one, other)] == [True, True]
            end()
            eventually(lambda: not opens(one, cookies) and not opens(other, cookies), within=5)  # noqa: B023 - at once
        for it in (one, other):
            assert "Nobody can sign in: the file of SERVICE_TOKEN_FILE is empty" in page(it).text
            assert it.output().count("The operators' token opens nothing: ") == 1


@contextmanager
def two_services(folder: Path, env: dict[str, str]) -> Iterator[tuple[ServiceProcess, ServiceProcess]]:
    """Two on one database, with one file of the token."""
    first, second = (ServiceProcess(folder / f"{name}.log", env) for name in ("one", "other"))
    with ExitStack() as stack:
        yield stack.enter_context(started(first)), stack.enter_context(started(second))


def page(service: ServiceProcess) -> httpx2.Response:
    """The page with the form that signs in."""
    return httpx2.get(f"{service.url}/sign-in", timeout=10)


def session_of(service: ServiceProcess) -> dict[str, str]:
    """The cookies of somebody who has signed in there."""
    with httpx2.Client(base_url=service.url, timeout=10) as browser:
        found = FORM_KEY.search(browser.get("/sign-in").text)
        assert found
        answer = browser.post("/sign-in", data={"form_key": found[1], "token": TOKEN})
        assert answer.status_code == 303, answer.text
        return dict(browser.cookies)


def opens(service: ServiceProcess, cookies: dict[str, str]) -> bool:
    """Whether the session is one there."""
    with httpx2.Client(base_url=service.url, timeout=10, cookies=cookies) as browser:
        return browser.get("/jobs").status_code == 200


def rotate(env: dict[str, str]) -> None:
    """Replace the key, as an operator does."""
    command = [sys.executable, "-m", "ingestion_api", "--rotate-key"]
    subprocess.run(command, env=env, cwd=ROOT, check=True, timeout=30, capture_output=True)
