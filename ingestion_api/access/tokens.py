"""The tokens that open the service, held as digests; one that is missing or weak opens nothing."""

import hashlib
import hmac
import logging
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from pydantic import SecretStr

from ingestion_api.access.token_file import (
    FileState,
    TokenFileError,
    create_token_file,
    file_state,
    read_text,
)
from ingestion_api.settings import Settings

log = logging.getLogger(__name__)

MIN_LENGTH = 32  # characters
MIN_DISTINCT = 8  # different ones among them
EXPECTED = f"expected at least {MIN_LENGTH} characters, {MIN_DISTINCT} of them different"


class InvalidToken(Exception):
    """Why a token opens nothing; `detail` is for anybody, the text also names the file."""

    def __init__(self, text: str, detail: str) -> None:
        super().__init__(text)
        self.detail = detail


@dataclass(frozen=True)
class TokenSource:
    """Where a token is looked for: in words for anybody, and in words for the log."""

    public: str
    exact: str

    def flaw(self, sentence: str) -> InvalidToken:
        """What is wrong there."""
        return InvalidToken(f"{self.exact} {sentence}", f"{self.public} {sentence}")


class Token:
    """A secret given as a value, or kept in a file that is read again when it changes.

    `name` says in the log whose token it is. The log says once when it ceases to be valid, and when it is
    replaced.
    """

    def __init__(self, name: str, place: TokenSource, source: SecretStr | Path) -> None:
        self._name = name
        self._place = place
        self._source = source if isinstance(source, Path) else token_digest(source.get_secret_value(), place)
        self._read: tuple[FileState, bytes | InvalidToken] | None = None
        self._told: bytes | str | None = None
        self._lock = Lock()

    def check(self) -> bytes:
        """Return the digest of the token in force; TokenFlaw when it opens nothing."""
        found = self._from_file(self._source) if isinstance(self._source, Path) else self._source
        if isinstance(found, InvalidToken):
            # one of its own for each caller: an error that is raised again keeps all its traces
            raise InvalidToken(str(found), found.detail)
        return found

    def digest(self) -> bytes:
        """Return what `check` does, and log what has changed since the last time."""
        try:
            found = self.check()
        except InvalidToken as flaw:
            self._tell(str(flaw))
            raise
        self._tell(found)
        return found

    def matches(self, presented: str) -> bool:
        """Whether `presented` is the token; takes as long for a near miss as for a far one."""
        try:
            expected = self.digest()
        except InvalidToken:
            return False
        return hmac.compare_digest(token_digest_of(presented), expected)

    def _from_file(self, file: Path) -> bytes | InvalidToken:
        try:
            state = file_state(file)
            if self._read is None or self._read[0] != state or not state.is_settled:
                self._read = state, token_digest(read_text(file), self._place)
        except TokenFileError as error:
            return self._place.flaw(f"{error}; {EXPECTED}")
        return self._read[1]

    def _tell(self, found: bytes | str) -> None:
        with self._lock:
            before, self._told = self._told, found
        if before == found:
            return
        if isinstance(found, str):
            log.error("%s token opens nothing: %s.", self._name, found)
        elif before is not None:
            log.info("%s token was replaced or is valid again.", self._name)


def operator_token(settings: Settings) -> Token:
    """The operators' token; without a configured one, one is made and kept in the state folder; TokenFlaw."""
    if settings.token is None and settings.token_file is None:
        file = generated_token_file(settings)
        try:
            create_token_file(file)
        except OSError as error:
            raise _settings_error(
                f"the operators' token cannot be made in {file}: {error.strerror}"
            ) from None
    return _operator_token(settings)


def webhook_token(settings: Settings) -> Token | None:
    """Alertmanager's token, if it has one of its own."""
    return _configured_token(
        "Alertmanager's", "SERVICE_WEBHOOK_TOKEN", settings.webhook_token, settings.webhook_token_file
    )


def check_tokens(settings: Settings) -> None:
    """Make nothing; TokenFlaw when a token is set twice, or opens nothing."""
    for name, value, file in (
        ("SERVICE_TOKEN", settings.token, settings.token_file),
        ("SERVICE_WEBHOOK_TOKEN", settings.webhook_token, settings.webhook_token_file),
        ("SERVICE_TOKENS", None, settings.tokens_file),
    ):
        if file == Path():
            raise _settings_error(f"{name}_FILE is empty; expected the path of a file")
        if value is not None and file is not None:
            raise _settings_error(f"{name} and {name}_FILE are both set; expected one of them")
    is_made_later = (
        settings.token is None and settings.token_file is None and not generated_token_file(settings).exists()
    )
    for token in (None if is_made_later else _operator_token(settings), webhook_token(settings)):
        if token is not None:
            token.check()


def generated_token_file(settings: Settings) -> Path:
    """Where the operators' token is kept that the service makes itself."""
    return settings.state_dir / "token"


def _operator_token(settings: Settings) -> Token:
    name = "The operators'"
    configured = _configured_token(name, "SERVICE_TOKEN", settings.token, settings.token_file)
    if configured is not None:
        return configured
    file = generated_token_file(settings)
    return Token(name, TokenSource("the file service/token of the run directory", f"the file {file}"), file)


def _configured_token(name: str, setting: str, value: SecretStr | None, file: Path | None) -> Token | None:
    if value is not None:
        return Token(name, TokenSource(setting, setting), value)
    if file is None:
        return None
    public = f"the file of {setting}_FILE"
    return Token(name, TokenSource(public, f"{public}, {file},"), file)


def _settings_error(sentence: str) -> InvalidToken:
    # it ends the start, so that nobody else reads it
    return InvalidToken(sentence, sentence)


def token_digest(text: str, place: TokenSource) -> bytes | InvalidToken:
    """Return the digest of a token, or why it opens nothing."""
    token = text.strip()
    if not token:
        return place.flaw(f"is empty; {EXPECTED}")
    if not token.isprintable():
        # it could be sent neither in a header nor with the form
        return place.flaw("holds more than one line of text; expected one token")
    if len(token) < MIN_LENGTH or len(set(token)) < MIN_DISTINCT:
        return place.flaw(f"holds a weak token; {EXPECTED}")
    return token_digest_of(token)


def token_digest_of(text: str) -> bytes:
    """Return the digest of any text."""
    # digests have one length, so the comparison does not tell the token's
    return hashlib.sha256(text.encode(errors="surrogatepass")).digest()
