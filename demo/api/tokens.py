"""JSON web tokens signed with HS256, by the standard library alone."""

import base64
import hashlib
import hmac
import json
import time
from typing import Any

HOUR = 3600


class TokenRefused(Exception):
    """The token is malformed, expired, of the wrong type or not signed with our key."""


def mint(claims: dict[str, Any], secret: str, seconds: int = HOUR) -> str:
    """Sign claims that end after some seconds."""
    body = {"type": "access", **claims, "exp": int(time.time()) + seconds}
    unsigned = f"{_packed({'alg': 'HS256', 'typ': 'JWT'})}.{_packed(body)}"
    return f"{unsigned}.{_signature(unsigned, secret)}"


def read_claims(token: str, secret: str) -> dict[str, Any]:
    """The claims of an access token; raises TokenRefused unless it is good now."""
    unsigned, _, signature = token.rpartition(".")
    if not unsigned or not hmac.compare_digest(signature.encode(), _signature(unsigned, secret).encode()):
        raise TokenRefused("the signature does not fit")
    try:
        head, body = (json.loads(_unpacked(part)) for part in unsigned.split("."))
        good = head["alg"] == "HS256" and body["type"] == "access" and float(body["exp"]) > time.time()
    except (ValueError, KeyError, TypeError) as error:
        raise TokenRefused("the token is malformed") from error
    if not good:
        raise TokenRefused("the token is expired or not an access token")
    return dict(body)


def _packed(value: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()


def _unpacked(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))


def _signature(unsigned: str, secret: str) -> str:
    digest = hmac.new(secret.encode(), unsigned.encode(), hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
