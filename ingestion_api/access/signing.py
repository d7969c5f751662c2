"""Signatures of sessions, forms and confirmations, and their random key; `--rotate-key` replaces it."""

import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from threading import Lock

from sqlalchemy import inspect, make_url
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from ingestion_api.access.bearer import Actor
from ingestion_api.audit import record_change as audit
from ingestion_api.clock import Clock, utc_now
from ingestion_api.errors import Unavailable
from ingestion_api.settings import Settings
from ingestion_api.store import Store
from ingestion_api.store.migrate import migrate
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Job, SigningKey

BYTES = 32
REFRESH_INTERVAL = 1.0  # seconds after which a rotated key is noticed
FRESH_MARGIN = 0.1  # seconds between seeing that a key is fresh and using it
MAX_AGE = (
    60.0  # seconds for which a key is used that cannot be read again; what it opens needs the database too
)
FIRST_READ_TIMEOUT = 5.0  # seconds for which one request waits for another that reads the first key
ROW = 1


class Signer:
    """Signs texts with one key; a signature is good for its purpose only."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def sign(self, purpose: str, text: str) -> str:
        """Return the signature, in hexadecimal digits. A purpose holds no colon."""
        return hmac.new(self._key, f"{purpose}:{text}".encode(), hashlib.sha256).hexdigest()

    def verify(self, signature: str, purpose: str, text: str) -> bool:
        """Whether the signature is ours."""
        return hmac.compare_digest(signature.encode(), self.sign(purpose, text).encode())


def bound_key(key: bytes, token: bytes) -> bytes:
    """Return the key that signs while a token is in force; both are needed to forge, and to check a guess."""
    return hmac.digest(key, token, hashlib.sha256)


@dataclass(frozen=True)
class _CachedKey:
    key: bytes
    read_at: float
    reread_at: float


class SigningKeyCache:
    """The key of a database, read again once a second; the first process that asks makes it."""

    def __init__(
        self, store: Store, clock: Clock = utc_now, timer: Callable[[], float] = time.monotonic
    ) -> None:
        self._store = store
        self._clock = clock
        self._timer = timer
        self._held: _CachedKey | None = None
        self._turn = Lock()

    @property
    def is_fresh(self) -> bool:
        """Whether `current` returns at once, also a moment later."""
        held = self._held
        return held is not None and self._timer() + FRESH_MARGIN < held.reread_at

    def current(self) -> bytes:
        """Return the key in force. May wait for the database; raises its errors once the key is too old."""
        held = self._held
        if held is not None and self._timer() < held.reread_at:
            return held.key
        # one thread asks the database, so that a frozen one holds only one; others go on with what is held
        if not self._turn.acquire(timeout=FIRST_READ_TIMEOUT if held is None else 0):
            return self._last()
        try:
            return self._read()
        finally:
            self._turn.release()

    def _read(self) -> bytes:
        begun = self._timer()
        try:
            key = read_or_create_key(self._store, self._clock)
        except SQLAlchemyError:
            held = self._held
            if held is None or self._is_too_old(held):
                raise
            self._held = replace(held, reread_at=self._timer() + REFRESH_INTERVAL)
            return held.key
        self._held = _CachedKey(key, begun, begun + REFRESH_INTERVAL)
        return key

    def _last(self) -> bytes:
        if self._held is None or self._is_too_old(self._held):
            raise Unavailable("The service's database does not answer; try again shortly.")
        return self._held.key

    def _is_too_old(self, held: _CachedKey) -> bool:
        return self._timer() - held.read_at > MAX_AGE


def read_or_create_key(store: Store, clock: Clock) -> bytes:
    """Return the key of the database; it is made where there is none."""
    with store.read() as session:
        found = _read_key(session)
    return found or _create_key(store, clock())


def rotate_key_row(store: Store, now: datetime) -> None:
    """Make a new key in place of the old one, which ends whatever was signed."""
    with store.write() as session:
        take_advisory_lock(session, "signing key")
        _replace_key(session, now)
        audit(session, Actor("command", "local"), "rotate_key", "signing key", now)


def _create_key(store: Store, now: datetime) -> bytes:
    with store.write() as session:
        take_advisory_lock(session, "signing key")
        # another process may have been first
        return _read_key(session) or _replace_key(session, now)


def _read_key(session: Session) -> bytes | None:
    row = session.get(SigningKey, ROW)
    return row.key if row is not None and len(row.key) == BYTES else None


def _replace_key(session: Session, now: datetime) -> bytes:
    key = secrets.token_bytes(BYTES)
    session.merge(SigningKey(id=ROW, key=key, made_at=now))
    return key


class RotationError(Exception):
    """The key was not replaced; the text says why."""


def rotate_key(settings: Settings) -> str:
    """Replace the signing key and say where; RotationError when no service has used this database."""
    from alembic.util import CommandError  # noqa: PLC0415 - a service starts quicker without it

    address = make_url(settings.database)
    shown = address.render_as_string(hide_password=True)
    if address.get_backend_name() == "sqlite" and not Path(address.database or "").is_file():
        # to open it would make it
        raise _key_not_used(shown)
    store = Store.at(settings.database)
    try:
        if not inspect(store.engine).has_table(Job.__tablename__):
            raise _key_not_used(shown)
        migrate(store.engine)
        rotate_key_row(store, utc_now())
    except SQLAlchemyError as error:
        why = f"does not answer ({type(error).__name__})"
        raise RotationError(f"nothing was rotated: {shown} {why}") from None
    except CommandError as error:
        raise RotationError(f"nothing was rotated: {shown} is of another version ({error})") from None
    finally:
        store.close()
    return f"The signing key in {shown} is new; within a second all sessions end."


def _key_not_used(shown: str) -> RotationError:
    # a new key in a wrong database would end no session
    return RotationError(f"nothing was rotated: no service has used {shown}; see RUN_DIR and database_url")
