"""A visitor's session in a signed cookie, and its revocation."""

import secrets
import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated

from fastapi import Depends, Request, Response
from sqlalchemy import delete
from starlette.concurrency import run_in_threadpool

from ingestion_api.access.bearer import Actor, client_address, require_role, role_to_act
from ingestion_api.access.identity import Identity, Role
from ingestion_api.access.session_signers import SessionSigners
from ingestion_api.errors import ServiceError, SignInUnavailable
from ingestion_api.service import current_service
from ingestion_api.store import Store
from ingestion_api.store.tables import RevokedSession

COOKIE = "watchroom_session"
LIFETIME = 12 * 3600
_STRANGER = "stranger"


@dataclass(frozen=True)
class Session:
    """Who a browser is to us, None before the sign-in; `id` is random and changes at each sign-in."""

    id: str
    expires: int
    identity: Identity | None = None

    @property
    def signed_in(self) -> bool:
        """Whether somebody has signed in."""
        return self.identity is not None


def new_session(identity: Identity | None = None) -> Session:
    """Return a session that starts now."""
    return Session(secrets.token_urlsafe(18), int(time.time()) + LIFETIME, identity)


class CookieSigner:
    """Signs what browsers keep for us. A session lasts as long as the line of its person's token."""

    def __init__(self, signers: SessionSigners) -> None:
        self._signers = signers

    def write(self, session: Session) -> str:
        """Return the cookie's value."""
        name = session.identity.name if session.identity else _STRANGER
        text = f"{session.id}.{session.expires}.{name}"
        return f"{text}.{self._signers.signer(session.identity).sign('session', text)}"

    def read(self, cookie: str) -> Session | None:
        """Return the session of a cookie, or None when it is not ours, changed or too old."""
        text, _, signature = cookie.rpartition(".")
        # a name may hold dots
        found, expires, name = (*text.split(".", 2), "", "", "")[:3]
        for identity in (None,) if name == _STRANGER else self._signers.named(name):
            if self._signers.signer(identity).verify(signature, "session", text):
                return Session(found, int(expires), identity) if int(expires) >= time.time() else None
        return None

    def form_key(self, session: Session) -> str:
        """Return what every form of this session carries, which no other site can know."""
        return self._signers.signer(session.identity).sign("form", session.id)

    def opens(self, session: Session, form_key: str) -> bool:
        """Tell whether a form was ours."""
        return self._signers.signer(session.identity).verify(form_key, "form", session.id)


def set_session_cookie(response: Response, seal: CookieSigner, session: Session, *, secure: bool) -> None:
    """Give the browser its session."""
    # Lax, for links from dashboards must find the visitor signed in; nothing changes on GET
    response.set_cookie(
        COOKIE, seal.write(session), max_age=LIFETIME, httponly=True, samesite="lax", secure=secure, path="/"
    )


def revoke_session(store: Store, session: Session, now: datetime) -> None:
    """Remember that this session is over for as long as its cookie would be good, and forget older ones."""
    expires_at = datetime.fromtimestamp(session.expires, UTC)
    with store.write() as database:
        database.execute(delete(RevokedSession).where(RevokedSession.expires_at < now))
        database.merge(RevokedSession(id=session.id, expires_at=expires_at))


def is_revoked(store: Store, session: Session) -> bool:
    """Whether somebody has signed out of this session."""
    with store.read() as database:
        return database.get(RevokedSession, session.id) is not None


class SignInRequired(Exception):
    """The page is for operators, and this visitor has not signed in."""


@dataclass(frozen=True)
class Visitor:
    """A browser's session with what is needed to write forms for it."""

    session: Session
    form_key: str
    is_new: bool


async def load_cookie_signer(request: Request) -> None:
    """Find the seal for this request, without which everybody is a stranger. Raises the database's errors."""
    service = current_service(request)
    try:
        # in a thread where the key has to be read from the database
        if service.signing_keys.is_fresh:
            signers = service.session_signers()
        else:
            signers = await run_in_threadpool(service.session_signers)
        request.state.seal = CookieSigner(signers)
    except SignInUnavailable as closed:
        request.state.closed = closed


def cookie_signer(request: Request) -> CookieSigner | None:
    """Return the seal in force; None while nothing can be signed, so that no session and no form is ours."""
    seal: CookieSigner | None = getattr(request.state, "seal", None)
    return seal


def sign_in_problem(request: Request) -> SignInUnavailable | None:
    """Return why nobody can sign in; None while one can."""
    closed: SignInUnavailable | None = getattr(request.state, "closed", None)
    return closed


def current_visitor(request: Request) -> Visitor:
    """Return who asks, known or not; the same for the whole of a request."""
    visitor: Visitor | None = getattr(request.state, "visitor", None)
    if visitor is None:
        seal = cookie_signer(request)
        known = seal.read(request.cookies.get(COOKIE, "")) if seal else None
        visitor = request.state.visitor = _visitor(seal, known) if seal and known else _anonymous(seal)
    return visitor


def _visitor(seal: CookieSigner, session: Session) -> Visitor:
    return Visitor(session, seal.form_key(session), is_new=False)


def _anonymous(seal: CookieSigner | None) -> Visitor:
    session = new_session()
    return Visitor(session, seal.form_key(session) if seal else "", is_new=True)


def is_secure(request: Request) -> bool:
    """Tell whether browsers reach us by https, so that cookies may insist on it."""
    public = current_service(request).settings.public_url
    return request.url.scheme == "https" or (public or "").startswith("https:")


def signed_in_identity(request: Request) -> Identity:
    """Who has signed in; SignInRequired when nobody has."""
    session = current_visitor(request).session
    if session.identity is None:
        raise SignInRequired
    if is_revoked(current_service(request).store, session):
        # whoever shows it is given a new one, with which to sign in
        request.state.visitor = _anonymous(cookie_signer(request))
        raise SignInRequired
    return session.identity


def is_session_valid(request: Request) -> bool:
    """Whether the session of a long request still is one. May query the database; raises its errors."""
    service = current_service(request)
    try:
        signer = CookieSigner(service.session_signers())
    except ServiceError:
        return False
    session = signer.read(request.cookies.get(COOKIE, ""))
    return session is not None and session.signed_in and not is_revoked(service.store, session)


def _admit(request: Request, needed: Role) -> Actor:
    identity = signed_in_identity(request)
    require_role(identity, needed)
    return Actor(identity.name, client_address(request))


def _viewer(request: Request) -> Actor:
    return _admit(request, Role.VIEWER)


def _operator(request: Request) -> Actor:
    return _admit(request, role_to_act(request))


def _admin(request: Request) -> Actor:
    return _admit(request, Role.ADMIN)


# everybody who has signed in
Viewer = Annotated[Actor, Depends(_viewer)]
# reads with the role viewer, and changes with the role operator
Operator = Annotated[Actor, Depends(_operator)]
Admin = Annotated[Actor, Depends(_admin)]
