"""A visitor's session: a signed cookie, so any copy of the service knows it; only its early end is kept."""

import secrets
import time
from dataclasses import dataclass

from fastapi import Response

from ingestion_api.access.signing import Signer

COOKIE = "watchroom_session"
LIFETIME = 12 * 3600
_SIGNED_IN, _STRANGER = "operator", "stranger"


@dataclass(frozen=True)
class Session:
    """Who a browser is to us; `id` is random and changes at each sign-in."""

    id: str
    expires: int
    signed_in: bool


def new_session(*, signed_in: bool) -> Session:
    """Return a session that starts now."""
    return Session(secrets.token_urlsafe(18), int(time.time()) + LIFETIME, signed_in)


class CookieSigner:
    """Signs what browsers keep for us."""

    def __init__(self, signer: Signer) -> None:
        self._signer = signer

    def write(self, session: Session) -> str:
        """Return the cookie's value."""
        text = f"{session.id}.{session.expires}.{_SIGNED_IN if session.signed_in else _STRANGER}"
        return f"{text}.{self._signer.sign('session', text)}"

    def read(self, cookie: str) -> Session | None:
        """Return the session of a cookie, or None when it is not ours, changed or too old."""
        text, _, signature = cookie.rpartition(".")
        if not self._signer.verify(signature, "session", text):
            return None
        identity, expires, kind = text.split(".")
        if int(expires) < time.time():
            return None
        return Session(identity, int(expires), kind == _SIGNED_IN)

    def form_key(self, session: Session) -> str:
        """Return what every form of this session carries, which no other site can know."""
        return self._signer.sign("form", session.id)

    def opens(self, session: Session, form_key: str) -> bool:
        """Tell whether a form was ours."""
        return self._signer.verify(form_key, "form", session.id)


def set_session_cookie(response: Response, seal: CookieSigner, session: Session, *, secure: bool) -> None:
    """Give the browser its session."""
    # Lax, for links from dashboards must find the visitor signed in; nothing changes on GET
    response.set_cookie(
        COOKIE, seal.write(session), max_age=LIFETIME, httponly=True, samesite="lax", secure=secure, path="/"
    )
