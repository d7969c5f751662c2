"""The names of keys as they may be shown: grouped by their beginning, without what is secret in them."""

import hashlib
import re
import secrets
from collections.abc import Iterable

from exporter.cardinality import sanitize_label

# three parts in base64 with dots between, the first of which is a JSON object: a JSON web token (RFC 7519)
TOKEN = re.compile(r"eyJ[\w-]{6,}\.[\w-]+\.[\w-]*")
_SALT = secrets.token_bytes(16)  # of this process, so that nobody can try names until one fits


def key_prefix(name: str, separator: str) -> str:
    """The beginning of a name up to the separator; empty for a name without one, or with a secret there."""
    beginning, found, _ = name.partition(separator)
    return beginning if found and len(beginning) <= 64 and not TOKEN.search(beginning) else ""


def masked_key(name: str, separator: str, sensitive: Iterable[str], length: int) -> str:
    """The name as a label; what follows a sensitive beginning, and any token, gives way to a short mark."""
    beginning, found, rest = name.partition(separator)
    if found and beginning in sensitive:
        return sanitize_label(f"{beginning}{separator}{secret_digest(rest)}", length)
    return sanitize_label(TOKEN.sub(lambda token: secret_digest(token[0]), name), length)


def secret_digest(secret: str) -> str:
    """Eight hexadecimal digits that tell one secret from another and say nothing about either."""
    return "#" + hashlib.blake2b(secret.encode(errors="replace"), digest_size=4, key=_SALT).hexdigest()
