"""The file with a token for each person: `NAME ROLE TOKEN` a line, the token as text or as its digest."""

import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Lock

from ingestion_api.access.identity import NAME, Identity, Role
from ingestion_api.access.token_file import FileState, TokenFileError, file_state, read_text
from ingestion_api.access.tokens import InvalidToken, TokenSource, token_digest

log = logging.getLogger(__name__)

MAX_BYTES = 65_536
DIGEST = "sha256:"
FORM = "NAME ROLE TOKEN"
ROLES = "expected viewer, operator, admin or webhook"
# the sign-in of who has none
RESERVED = frozenset(("stranger",))
PUBLIC = "the file of SERVICE_TOKENS_FILE"


@dataclass(frozen=True)
class NamedTokens:
    """The lines that are right, and what is wrong with the others. A line that is wrong opens nothing."""

    identities: Sequence[Identity]
    flaws: Sequence[InvalidToken]


class NamedTokensFile:
    """Reads the file again when it changes. The log says once what is wrong with it."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._place = TokenSource(PUBLIC, f"{PUBLIC}, {file},")
        self._read: tuple[FileState, NamedTokens] | None = None
        self._logged: tuple[str, ...] = ()
        self._lock = Lock()

    def read(self) -> NamedTokens:
        """What the file holds now."""
        found = self._load()
        flaws = tuple(map(str, found.flaws))
        with self._lock:
            before, self._logged = self._logged, flaws
        if before != flaws:
            for flaw in flaws:
                log.error("A named token opens nothing: %s.", flaw)
            if not flaws:
                log.info("All named tokens are valid again.")
        return found

    def check(self) -> None:
        """Raise the first InvalidToken."""
        for flaw in self._load().flaws:
            raise flaw

    def _load(self) -> NamedTokens:
        try:
            state = file_state(self._file)
            if self._read is None or self._read[0] != state or not state.is_settled:
                self._read = state, parse_tokens(read_text(self._file, MAX_BYTES), self._place)
        except TokenFileError as error:
            return NamedTokens((), (self._place.flaw(f"{error}; expected lines of {FORM}"),))
        return self._read[1]


def parse_tokens(text: str, place: TokenSource) -> NamedTokens:
    """Read the lines. A flaw names the line, and never quotes it: any of its words could be the token."""
    identities: dict[int, Identity] = {}
    flaws: dict[int, str] = {}
    for number, line in _lines(text):
        try:
            identities[number] = _parse_line(line, place)
        except ValueError as error:
            flaws[number] = str(error)
    flaws |= dict(_contradictions(identities))
    right = [it for number, it in identities.items() if number not in flaws]
    found = [place.flaw(f"line {number}: {flaw}") for number, flaw in sorted(flaws.items())]
    if not identities and not flaws:
        found = [place.flaw(f"holds no token; expected lines of {FORM}")]
    return NamedTokens(right, found)


def _lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield number, stripped


def _parse_line(line: str, place: TokenSource) -> Identity:
    words = line.split(maxsplit=2)
    if len(words) < 3:
        raise ValueError(f"it has {len(words)} of 3 words; expected {FORM}")
    name, role, token = words
    if not NAME.fullmatch(name) or name in RESERVED:
        raise ValueError("the first word is no name; expected at most 64 of A-Z a-z 0-9 . _ @ + -")
    if role not in tuple(Role):
        raise ValueError(f"the second word is no role; {ROLES}")
    return Identity(name, Role(role), _digest(token, place))


def _digest(token: str, place: TokenSource) -> bytes:
    if not token.startswith(DIGEST):
        found = token_digest(token, place)
        if isinstance(found, InvalidToken):
            raise ValueError(found.detail.removeprefix(f"{place.public} "))
        return found
    digits = token.removeprefix(DIGEST)
    if not re.fullmatch(r"[0-9a-fA-F]{64}", digits):
        raise ValueError(f"it has no digest after {DIGEST}; expected 64 hexadecimal digits")
    return bytes.fromhex(digits)


def _contradictions(identities: Mapping[int, Identity]) -> Iterator[tuple[int, str]]:
    """Lines of one name with two roles, and of one token with two names: none of them is chosen."""
    roles: dict[str, dict[Role, int]] = {}
    lines: dict[bytes, list[int]] = {}
    for number, it in identities.items():
        roles.setdefault(it.name, {}).setdefault(it.role, number)
        lines.setdefault(it.digest, []).append(number)
    for number, it in identities.items():
        for other in (line for role, line in roles[it.name].items() if role is not it.role):
            yield number, f"its name has another role in line {other}; expected one role for each name"
        for other in (line for line in lines[it.digest][:2] if line != number):
            yield number, f"its token stands in line {other} too; expected one line for each token"
