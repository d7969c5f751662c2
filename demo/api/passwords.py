"""Passwords as salted PBKDF2 hashes."""

import hashlib
import hmac
import secrets

ROUNDS = 60_000


def hash_password(password: str) -> str:
    """A salted hash, rounds included, that fits VARCHAR(255)."""
    salt = secrets.token_hex(8)
    return f"pbkdf2${ROUNDS}${salt}${_digest(password, salt, ROUNDS)}"


def password_fits(password: str, stored: str) -> bool:
    """Whether a password is the one that was hashed, compared in constant time."""
    _, rounds, salt, digest = stored.split("$")
    return hmac.compare_digest(_digest(password, salt, int(rounds)), digest)


def _digest(password: str, salt: str, rounds: int) -> str:
    return hashlib.pbkdf2_hmac("sha256", password.encode(), salt.encode(), rounds).hex()
