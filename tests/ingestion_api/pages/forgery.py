"""What somebody makes who has no token: cookies signed with keys that can be guessed."""

import hashlib
import hmac
import time
from collections.abc import Iterator

from ingestion_api.pages.session import COOKIE
from tests.ingestion_api.pages.visits import Visits


def former_key(token: str) -> bytes:
    """The key of former versions, which followed from the token alone; of an empty one it is a constant."""
    return hashlib.sha256(b"pages " + hashlib.sha256(f"watchroom {token}".encode()).digest()).digest()


def guessed_keys(*tokens: str) -> Iterator[bytes]:
    """What might be the key, if it followed from one of these tokens."""
    yield b""
    yield bytes(32)
    for token in ("", *tokens):
        digest = hashlib.sha256(token.encode()).digest()
        yield from (former_key(token), token.encode(), digest)
        # the random key left empty, or zero
        yield from (hmac.digest(key, digest, hashlib.sha256) for key in (b"", bytes(32)))


def cookie(key: bytes, expires: int | None = None, kind: str = "operator") -> str:
    """A session that this key would have signed."""
    text = f"c2Vzc2lvbg.{expires or int(time.time()) + 3600}.{kind}"
    return f"{text}.{signature(key, 'session', text)}"


def signature(key: bytes, purpose: str, text: str) -> str:
    """A signature as the service makes them."""
    return hmac.new(key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()


def show(visits: Visits, value: str) -> None:
    """Put a cookie into the browser, and nothing else."""
    visits.client.cookies.clear()
    visits.client.cookies.set(COOKIE, value)


def is_let_in(visits: Visits, key: bytes, value: str) -> bool:
    """Whether a cookie opens a page, or a form of it changes something."""
    show(visits, value)
    if visits.get("/jobs").status_code != 303:
        return True
    show(visits, value)
    form_key = signature(key, "form", value.split(".", maxsplit=1)[0])
    answer = visits.post("/ingest", form_key=form_key, repo_url="https://github.com/a/b")
    return answer.status_code not in (403, 503)
