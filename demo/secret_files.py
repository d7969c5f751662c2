"""The token and the signing key: generated once, in files that only the owner can read."""

import os
import secrets
from pathlib import Path

from demo.settings import Settings


def service_token(settings: Settings) -> str:
    """The token that services call the API with; also in RUN_DIR/demo/token."""
    given = settings.token.get_secret_value() if settings.token else None
    return _kept(settings.home / "token", given)


def jwt_secret(settings: Settings) -> str:
    """The key that JWTs are signed with."""
    given = settings.jwt_secret.get_secret_value() if settings.jwt_secret else None
    return _kept(settings.home / "jwt_secret", given)


def _kept(path: Path, given: str | None) -> str:
    if given is None and path.exists():
        return path.read_text("utf-8").strip()
    value = given or secrets.token_urlsafe(32)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new")
    with open(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        file.write(value + "\n")
    fresh.replace(path)
    return value
