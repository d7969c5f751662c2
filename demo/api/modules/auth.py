"""Auth: signing in and out."""

from typing import Annotated, Any

from fastapi import APIRouter, Form, HTTPException, Request
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from demo.api.auth import HOUR, NOT_AUTHENTICATED, bearer_token, sign_token, verify_password
from demo.api.backend import Backend, TheBackend
from demo.storage.tables import users

router = APIRouter(prefix="/api/auth", tags=["auth"])
WRONG = HTTPException(401, "Incorrect username or password")


@router.post("/login")
def login(
    username: Annotated[str, Form()], password: Annotated[str, Form()], backend: TheBackend
) -> dict[str, str]:
    """Exchange a name and a password for tokens."""
    user = _user(backend, username)
    if user is None or not verify_password(password, user["hashed_password"]):
        raise WRONG
    claims = {"user_id": user["id"], "username": username, "tier": user["tier"]}
    return {
        "access_token": sign_token(claims, backend.jwt_secret),
        "refresh_token": sign_token({**claims, "type": "refresh"}, backend.jwt_secret, 24 * HOUR),
        "token_type": "bearer",
    }


@router.get("/me")
def me(request: Request) -> dict[str, Any]:
    """Who the caller is."""
    return _claims(request)


@router.get("/rate-limit")
def rate_limit(request: Request) -> dict[str, Any]:
    """How often the caller may ask; as in the watched backend, nothing enforces it."""
    return {"tier": _claims(request).get("tier", "free"), "limit_per_minute": 100}


@router.post("/logout")
def logout(request: Request, backend: TheBackend) -> dict[str, str]:
    """Revoke the caller's token, which takes effect within a minute."""
    _claims(request)
    backend.cache.put(f"revoked_token:{bearer_token(request.scope)}", True, 24 * HOUR)
    return {"status": "signed out"}


def _claims(request: Request) -> dict[str, Any]:
    claims = request.scope.get("claims")
    if not claims:
        raise HTTPException(401, NOT_AUTHENTICATED)
    return dict(claims)


def _user(backend: Backend, username: str) -> dict[str, Any] | None:
    # As in the watched backend, a database that is down looks like a wrong password.
    try:
        with backend.engine.connect() as db:
            found = db.execute(select(users).where(users.c.username == username)).mappings().first()
    except SQLAlchemyError as error:
        raise WRONG from error
    return dict(found) if found else None
