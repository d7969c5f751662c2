"""The bearer token of a request, as a FastAPI dependency."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ingestion_api.access.attempt_limiter import AttemptLimiter
from ingestion_api.access.tokens import InvalidToken, Token
from ingestion_api.errors import TooManyRequests, Unauthorized

scheme = HTTPBearer(auto_error=False, description="The service's token; see SERVICE_TOKEN_FILE.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where; it stands in the audit log."""

    name: str
    address: str


class BearerAuth:
    """Lets through who shows one of the tokens, and holds back who guesses."""

    def __init__(self, operators: Token, webhook: Token | None, attempts: AttemptLimiter) -> None:
        self.operators = operators
        self.webhook = webhook
        self.attempts = attempts

    def operator(self, presented: str, address: str) -> Actor:
        """The operator with this token; NotSignedIn or TooMany."""
        return self._admit("operator", (self.operators,), presented, address)

    def alertmanager(self, presented: str, address: str) -> Actor:
        """Alertmanager or an operator; NotSignedIn or TooMany."""
        tokens = (self.operators,) if self.webhook is None else (self.webhook, self.operators)
        return self._admit("alertmanager", tokens, presented, address)

    def _admit(self, name: str, tokens: tuple[Token, ...], presented: str, address: str) -> Actor:
        wait = self.attempts.wait(address)
        if wait > 0:
            seconds = math.ceil(wait)
            raise TooManyRequests(
                f"Too many failed attempts from this address; try again in {seconds} s.", seconds
            )
        # every token is compared, so that the time does not tell which one was near
        if any([token.matches(presented) for token in tokens]):  # noqa: C419 - all, not until the first
            return Actor(name, address)
        if not presented:
            raise Unauthorized("A bearer token is missing; send Authorization: Bearer <token>.")
        _require_valid_token(tokens)
        self.attempts.failed(address)
        raise Unauthorized("The bearer token is wrong.")


def _require_valid_token(tokens: Sequence[Token]) -> None:
    flaws = []
    for token in tokens:
        try:
            token.check()
        except InvalidToken as flaw:
            flaws.append(flaw)
    # nothing can be guessed then, so it is no failed attempt
    if len(flaws) == len(tokens):
        raise Unauthorized(f"No bearer token is valid: {flaws[-1].detail}.")


def client_address(request: Request) -> str:
    """The address a request came from."""
    return request.client.host if request.client else "unknown"


def bearer_auth(request: Request) -> BearerAuth:
    """The gate of the application."""
    gate: BearerAuth = request.app.state.gate
    return gate


# coroutines, as neither waits for anything: a function would be handed to a thread
async def _operator(request: Request, credentials: Credentials) -> Actor:
    return bearer_auth(request).operator(_presented_token(credentials), client_address(request))


async def _alertmanager(request: Request, credentials: Credentials) -> Actor:
    return bearer_auth(request).alertmanager(_presented_token(credentials), client_address(request))


def _presented_token(credentials: HTTPAuthorizationCredentials | None) -> str:
    return credentials.credentials if credentials else ""


Operator = Annotated[Actor, Depends(_operator)]
Alertmanager = Annotated[Actor, Depends(_alertmanager)]
