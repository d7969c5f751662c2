"""All tokens that open the service: the operators', the webhook's, and one for each person."""

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ingestion_api.access.identity import Identity, Role
from ingestion_api.access.named_tokens import NamedTokensFile
from ingestion_api.access.tokens import (
    InvalidToken,
    Token,
    check_tokens,
    operator_token,
    token_digest_of,
    webhook_token,
)
from ingestion_api.settings import Settings

OPERATOR, ALERTMANAGER = "operator", "alertmanager"
NO_PERSON = "no token has the role viewer, operator or admin"


@dataclass(frozen=True)
class ValidTokens:
    """The tokens in force at one moment, and why others open nothing."""

    identities: Sequence[Identity]
    flaws: Sequence[InvalidToken]

    def identify(self, presented: str) -> Identity | None:
        """Whose token this is. Every token is compared, so that the time does not tell which one is near."""
        digest = token_digest_of(presented)
        found = [it for it in self.identities if hmac.compare_digest(it.digest, digest)]
        return found[0] if found else None

    def people(self) -> Sequence[Identity]:
        """Those who may sign in; InvalidToken when there are none."""
        found = [it for it in self.identities if it.is_person]
        if found:
            return found
        if not self.flaws:
            raise InvalidToken(NO_PERSON, NO_PERSON)
        # one of its own for each caller: an error that is raised again keeps all its traces
        raise InvalidToken(str(self.flaws[0]), self.flaws[0].detail)

    def binding(self) -> bytes:
        """A digest that changes with any token of a person; InvalidToken when there are none."""
        bindings = sorted(it.binding for it in self.people())
        return hashlib.sha256(b"".join(bindings)).digest()


class TokenRegistry:
    """The tokens of the settings. Those in files are read again when they change."""

    def __init__(self, operators: Token | None, webhook: Token | None, named: NamedTokensFile | None) -> None:
        self._single = (
            (OPERATOR, Role.ADMIN, operators),
            (ALERTMANAGER, Role.WEBHOOK, webhook),
        )
        self._named = named

    @classmethod
    def at(cls, settings: Settings) -> "TokenRegistry":
        """The tokens of the settings. The operators' is made unless it or another is given; InvalidToken."""
        return cls(
            operator_token(settings) if has_operator_token(settings) else None,
            webhook_token(settings),
            named_tokens_file(settings),
        )

    def current(self) -> ValidTokens:
        """The tokens in force now. What has changed since the last time is logged."""
        identities: list[Identity] = []
        flaws: list[InvalidToken] = []
        for name, role, token in self._single:
            if token is None:
                continue
            try:
                identities.append(Identity(name, role, token.digest()))
            except InvalidToken as flaw:
                flaws.append(flaw)
        if self._named is not None:
            named = self._named.read()
            identities += named.identities
            flaws += named.flaws
        return ValidTokens(tuple(_without_doubles(identities)), tuple(flaws))


def _without_doubles(identities: Sequence[Identity]) -> Iterator[Identity]:
    """The first of each token: one of the settings that stands in the file too is that of the settings."""
    seen: set[bytes] = set()
    for it in identities:
        if it.digest not in seen:
            seen.add(it.digest)
            yield it


def has_operator_token(settings: Settings) -> bool:
    """Whether there is a token without a person: one that is set, or one that is made for lack of others."""
    return settings.tokens_file is None or not (settings.token is None and settings.token_file is None)


def named_tokens_file(settings: Settings) -> NamedTokensFile | None:
    """The file with a token for each person, if there is one."""
    return None if settings.tokens_file is None else NamedTokensFile(settings.tokens_file)


def check_all_tokens(settings: Settings) -> None:
    """Make nothing; InvalidToken when a token is set twice, or opens nothing."""
    check_tokens(settings)
    if (named := named_tokens_file(settings)) is not None:
        named.check()
