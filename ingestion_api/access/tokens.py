"""The tokens that open the service."""

import hashlib
import hmac
import secrets
from pathlib import Path

from pydantic import SecretStr

from ingestion_api.settings import Settings


class Token:
    """A secret given as a value or kept in a file, which is read again when it changes."""

    def __init__(self, value: SecretStr | None, file: Path | None) -> None:
        self._value = value
        self._file = file
        self._read: tuple[float, str] | None = None

    @property
    def configured(self) -> bool:
        """Whether there is such a token at all."""
        return self._value is not None or self._file is not None

    def matches(self, presented: str) -> bool:
        """Whether `presented` is the token; takes as long for a near miss as for a far one."""
        expected = self.value()
        return bool(expected) and hmac.compare_digest(_digest(presented), _digest(expected))

    def value(self) -> str:
        """The token in force; empty when its file is missing."""
        if self._value is not None:
            return self._value.get_secret_value()
        return self._from_file() if self._file else ""

    def _from_file(self) -> str:
        file = self._file or Path()
        try:
            changed = file.stat().st_mtime
            if self._read is None or self._read[0] != changed:
                self._read = changed, file.read_text().strip()
        except OSError:
            return ""
        return self._read[1]


def operator_token(settings: Settings) -> Token:
    """The operators' token; without a configured one, one is made and kept in the state folder."""
    token = Token(settings.token, settings.token_file)
    if token.configured:
        return token
    file = settings.state_dir / "token"
    keep_token(file)
    return Token(None, file)


def keep_token(file: Path) -> None:
    """Make a random token for this installation in `file`, readable by its owner only, unless it is there."""
    file.parent.mkdir(parents=True, exist_ok=True)
    try:
        file.touch(mode=0o600, exist_ok=False)
    except FileExistsError:
        return
    file.write_text(secrets.token_urlsafe(32) + "\n")


def _digest(text: str) -> bytes:
    # digests have one length, so the comparison does not tell the token's
    return hashlib.sha256(text.encode()).digest()
