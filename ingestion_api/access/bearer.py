"""The bearer token of a request, as a FastAPI dependency, and a limit on wrong attempts by address."""

import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ingestion_api.access.tokens import InvalidToken, Token
from ingestion_api.errors import TooManyRequests, Unauthorized
from ingestion_api.networks import client_network

REMEMBERED = 10_000  # addresses; the longest silent one is forgotten first
scheme = HTTPBearer(auto_error=False, description="The service's token; see SERVICE_TOKEN_FILE.")
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]


class AttemptLimiter:
    """Failed attempts per address, at most `limit` within a sliding window of `window` seconds."""

    def __init__(self, limit: int, window: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.limit = limit
        self.window = window
        self._clock = clock
        self._failures: OrderedDict[str, deque[float]] = OrderedDict()
        self._lock = Lock()

    def wait(self, address: str) -> float:
        """Seconds until this address may try again; 0 when it may now."""
        with self._lock:
            failures = self._recent(address)
            if len(failures) < self.limit:
                return 0.0
            return failures[0] + self.window - self._clock()

    def failed(self, address: str) -> None:
        """Remember a failed attempt."""
        with self._lock:
            self._recent(address).append(self._clock())
            self._failures.move_to_end(client_network(address))
            while len(self._failures) > REMEMBERED:
                self._failures.popitem(last=False)

    def _recent(self, address: str) -> deque[float]:
        failures = self._failures.setdefault(client_network(address), deque(maxlen=self.limit))
        while failures and failures[0] <= self._clock() - self.window:
            failures.popleft()
        return failures


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
