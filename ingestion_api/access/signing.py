"""Signatures under what the service hands out and takes back: sessions, forms, confirmations."""

import hashlib
import hmac


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
