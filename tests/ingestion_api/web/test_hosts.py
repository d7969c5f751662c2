"""Which names the service answers to."""

from collections.abc import Callable

import pytest
from starlette.testclient import TestClient

HEALTHY = "/-/healthy"


@pytest.mark.parametrize(
    "host",
    [
        "127.0.0.1:8090",
        "192.0.2.7",
        "[::1]:8090",
        "[2001:db8::7]",
        "localhost:8090",
        "service:8090",
        "Tower.local",
        "desk.internal.",
        "desk.example.org",
        "desk.example.org:443",
        "a.lamps.example",
    ],
)
def test_our_own_names_and_all_addresses_are_answered(start: Callable[..., TestClient], host: str) -> None:
    """Those of a private network too, so that neither `make run` nor containers need a setting."""
    client = start(public_url="https://desk.example.org", allowed_hosts=("*.lamps.example",))
    assert client.get(HEALTHY, headers={"Host": host}).status_code == 200


@pytest.mark.parametrize(
    "host",
    [
        "evil.example",
        "desk.example.org.evil.example",
        "127.0.0.1.nip.io",
        "lamps.example.evil",
        "[",
        "a@b",
        "a b",
        "a:b",
        "a/b",
        "",
        "\xe9vil.example",
    ],
)
def test_other_names_are_refused(start: Callable[..., TestClient], host: str) -> None:
    """A page of another site that lets its name lead here gets nothing, whatever it asks for."""
    client = start(public_url="https://desk.example.org", allowed_hosts=("*.lamps.example",))
    for path in (HEALTHY, "/", "/sign-in", "/static/watchroom.css", "/nothing"):
        answer = client.get(path, headers={b"Host": host.encode("latin-1")}, follow_redirects=False)
        assert answer.status_code == 400
        assert "expected an IP address" in answer.json()["detail"]


def test_any_name_may_be_let_in(start: Callable[..., TestClient]) -> None:
    """By a setting."""
    answer = start(allowed_hosts=("*",)).get(HEALTHY, headers={"Host": "evil.example"})
    assert answer.status_code == 200
