"""The bearer token of a request, as a FastAPI dependency."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from ingestion_api.access.attempt_limiter import AttemptLimiter
from ingestion_api.access.identity import Identity, Role
from ingestion_api.access.token_registry import TokenRegistry
from ingestion_api.errors import Forbidden, TooManyRequests, Unauthorized

scheme = HTTPBearer(
    auto_error=False, description="A token of the service; see SERVICE_TOKEN_FILE and SERVICE_TOKENS_FILE."
)
Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(scheme)]
READING = frozenset(("GET", "HEAD"))
API = "the API"


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where; it stands in the audit log."""

    name: str
    address: str


class BearerAuth:
    """Lets through who shows one of the tokens, and holds back who guesses.

    `on_failure` is called with the address of a wrong token, and with what it was shown to.
    """

    def __init__(
        self,
        tokens: TokenRegistry,
        attempts: AttemptLimiter,
        on_failure: Callable[[str, str], None] = lambda _address, _where: None,
    ) -> None:
        self.tokens = tokens
        self.attempts = attempts
        self._on_failure = on_failure

    def identify(self, presented: str, address: str, where: str = API) -> Identity:
        """Whose token this is; Unauthorized or TooManyRequests.

        The token is compared first: whoever has a right one never waits for those who guess beside him.
        """
        valid = self.tokens.current()
        if (found := valid.identify(presented)) is not None:
            return found
        if not presented:
            raise Unauthorized("A bearer token is missing; send Authorization: Bearer <token>.")
        if not valid.identities and valid.flaws:
            # nothing can be guessed then, so it is no failed attempt
            raise Unauthorized(f"No bearer token is valid: {valid.flaws[0].detail}.")
        self._hold_back(address)
        self.attempts.failed(address)
        self._on_failure(address, where)
        raise Unauthorized("The bearer token is wrong.")

    def admit(self, needed: Role, presented: str, address: str) -> Actor:
        """Who has this token, if its role suffices; Unauthorized, TooManyRequests or Forbidden."""
        found = self.identify(presented, address)
        require_role(found, needed)
        return Actor(found.name, address)

    def _hold_back(self, address: str) -> None:
        wait = self.attempts.wait(address)
        if wait > 0:
            seconds = math.ceil(wait)
            raise TooManyRequests(
                f"Too many failed attempts from this address; try again in {seconds} s.", seconds
            )


def require_role(identity: Identity, needed: Role) -> None:
    """Forbidden when the role does not suffice."""
    if not identity.role.allows(needed):
        raise Forbidden(f"{identity.name} has the role {identity.role}; expected {_at_least(needed)}.")


def _at_least(needed: Role) -> str:
    return "admin" if needed is Role.ADMIN else f"at least {needed}"


def role_to_act(request: Request) -> Role:
    """The least role for a usual request: who reads is a viewer, who changes something an operator."""
    return Role.VIEWER if request.method in READING else Role.OPERATOR


def client_address(request: Request) -> str:
    """The address a request came from."""
    return request.client.host if request.client else "unknown"


def bearer_auth(request: Request) -> BearerAuth:
    """The gate of the application."""
    gate: BearerAuth = request.app.state.gate
    return gate


# coroutines, as none waits for anything: a function would be handed to a thread
async def _operator(request: Request, credentials: Credentials) -> Actor:
    return _admit(role_to_act(request), request, credentials)


async def _admin(request: Request, credentials: Credentials) -> Actor:
    return _admit(Role.ADMIN, request, credentials)


async def _alertmanager(request: Request, credentials: Credentials) -> Actor:
    return _admit(Role.WEBHOOK, request, credentials)


def _admit(needed: Role, request: Request, credentials: HTTPAuthorizationCredentials | None) -> Actor:
    presented = credentials.credentials if credentials else ""
    return bearer_auth(request).admit(needed, presented, client_address(request))


# reads with the role viewer, and changes with the role operator
Operator = Annotated[Actor, Depends(_operator)]
Admin = Annotated[Actor, Depends(_admin)]
Alertmanager = Annotated[Actor, Depends(_alertmanager)]
