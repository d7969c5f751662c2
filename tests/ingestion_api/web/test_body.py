"""Bodies: from whom they are taken, of which kind, how much of them."""

from collections.abc import Callable, Iterator

import pytest
from starlette.testclient import TestClient

from tests.ingestion_api.processes import TOKEN

WEBHOOK = "/api/v1/alerts/webhook"
FORM = {"Content-Type": "application/x-www-form-urlencoded"}
MULTIPART = {"Content-Type": "multipart/form-data; boundary=x"}


def parts(number: int, part: bytes) -> Iterator[bytes]:
    """A body whose length is not announced."""
    for _ in range(number):
        yield part


@pytest.mark.parametrize("authorization", ["", "Bearer guess", "Basic a2VlcGVy"])
@pytest.mark.parametrize("path", [WEBHOOK, "/admin/sparse-embeddings/generate", "/api/v1/nothing"])
def test_the_token_is_looked_at_first(client: TestClient, path: str, authorization: str) -> None:
    """401, whatever the body holds and however long it is."""
    for content in (b"x" * 2_000_000, b"{", b"\xff"):
        answer = client.post(path, content=content, headers={"Authorization": authorization})
        assert answer.status_code == 401
        assert answer.headers["connection"] == "close"
        assert "token is" in answer.json()["detail"]


def test_a_guess_is_counted_once(start: Callable[..., TestClient]) -> None:
    """Though two look at it; then there is 429 before the body, too."""
    client = start(attempts=2)
    guess = {"Authorization": "Bearer guess"}
    codes = [client.post(WEBHOOK, json={"alerts": []}, headers=guess).status_code for _ in range(3)]
    assert codes == [401, 401, 429]


def test_a_strangers_form_is_short(client: TestClient) -> None:
    """Signing in needs little; an announced length and a counted one are refused alike."""
    for content in (b"token=" + b"x" * 20_000, parts(3, b"x" * 8_000)):
        answer = client.post("/sign-in", content=content, headers=FORM)
        assert answer.status_code == 413
        assert answer.json() == {"detail": "The body is too large; expected at most 16384 bytes."}


@pytest.mark.parametrize("path", ["/sign-in", "/sign-out", "/ingest", "/cache/clear"])
@pytest.mark.parametrize(
    "content", [b"", b"--x", b"--x\r\nContent-Disposition: form-data\r\n\r\na\r\n--x--\r\n", b"--x\r\n" * 9]
)
def test_no_form_of_ours_is_multipart(client: TestClient, path: str, content: bytes) -> None:
    """So a broken one and an endless one are refused alike, by whoever they are sent."""
    answer = client.post(path, content=content or parts(1, b"--x\r\n"), headers=MULTIPART)
    assert answer.status_code == 415
    assert "expected application/x-www-form-urlencoded" in answer.json()["detail"]


def test_the_longest_form_of_sign_in_fits(client: TestClient) -> None:
    """A token and an address of the greatest length that the form takes."""
    fields = {"form_key": form_key(client, "/sign-in"), "token": TOKEN, "next": "/" + "%" * 3_000}
    answer = client.post("/sign-in", data=fields, follow_redirects=False)
    assert answer.status_code == 303


def test_who_has_signed_in_may_send_a_long_form(client: TestClient) -> None:
    """Up to the limit for all bodies: a list of resources may be long."""
    long = {"which": "named", "resource_ids": "a " * 20_000}
    assert client.post("/embeddings", data=long).status_code == 413
    client.post("/sign-in", data={"form_key": form_key(client, "/sign-in"), "token": TOKEN})
    long["form_key"] = form_key(client, "/embeddings")
    answer = client.post("/embeddings", data=long, follow_redirects=False)
    assert (answer.status_code, answer.headers["location"]) == (303, "/embeddings?notice=generating")


def form_key(client: TestClient, address: str) -> str:
    """The key of the forms of a page."""
    return client.get(address).text.partition('name="form_key" value="')[2].partition('"')[0]
