"""Which Redis commands a user may run, on which keys and channels.

Each is tried once; none changes anything but keys that the check itself has made.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import NoPermissionError, RedisError

from connections.redis_clients import connection_arguments, connection_class, explain_error
from connections.redis_url import RedisUrl
from exporter.check.finding import Finding, FindingState, join_names
from exporter.settings_types import readable_url
from exporter.sources.redis_connection import parse_secret_url
from exporter.sources.redis_errors import to_source_error

Command = tuple[str | int, ...]


@dataclass(frozen=True)
class RequiredCommand:
    """A command that the exporter sends, and its purpose."""

    command: Command
    adds: str
    subject: str = ""  # the key or channel pattern that the user needs beside the command

    @property
    def name(self) -> str:
        """The command as its documentation calls it: `LLEN`, `SLOWLOG LEN`."""
        words = [str(word) for word in self.command]
        return " ".join(words[: 2 if words[0].lower() in CONTAINERS else 1])

    @property
    def rule(self) -> str:
        """The ACL rule that allows the command: `+slowlog|len`, `+llen`."""
        return f"+{self.name.lower().replace(' ', '|')}"


CONTAINERS = ("slowlog", "latency", "memory")
COMMAND = re.compile(r"run the '([\w|]+)' command")
DENIED = re.compile(r"access (?:an?|one of the) (key|channel)s?")


async def open_connection(name: str, url: SecretStr, seconds: float) -> Redis:
    """A client whose connection is open. Raises SourceError."""
    client = make_client(url, seconds)
    try:
        await client.ping()
    except NoPermissionError:
        return client  # the server responds; the next commands show what is allowed
    except RedisError as error:
        await client.aclose()
        raise to_source_error(name, await explain_error(error, parse_secret_url(url))) from None
    return client


def make_client(url: SecretStr, seconds: float) -> Redis:
    """A client without connections yet and without retries, with this time-out for each command."""
    found = parse_secret_url(url)
    pool = ConnectionPool(
        connection_class=connection_class(found),
        **connection_arguments(found),
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=seconds,
        socket_connect_timeout=seconds,
        retry=Retry(NoBackoff(), 0),
        protocol=2,
        driver_info=None,
    )
    return Redis.from_pool(pool)


async def permission_findings(client: Redis, needs: Sequence[RequiredCommand]) -> list[Finding]:
    """One finding for all allowed commands, and one for each missing rule."""
    seen: list[RequiredCommand] = []
    refused: list[tuple[RequiredCommand, str]] = []
    for need in needs:
        refusal = await try_command(client, need.command)
        if refusal is None:
            seen.append(need)
        else:
            refused.append((need, refusal))
    found = (
        [Finding("commands", FindingState.SEEN, join_names(dict.fromkeys(it.name for it in seen)))]
        if seen
        else []
    )
    return [*found, *missing_rule_findings(username(client), refused)]


async def try_command(client: Redis, command: Command) -> str | None:
    """The server's refusal of this command; None where it is allowed, whatever it responds otherwise."""
    untyped: Any = client
    try:
        await untyped.execute_command(*command)
    except NoPermissionError as error:
        return str(error)
    except RedisError:
        return None
    return None


def missing_rule_findings(user: str, refused: Sequence[tuple[RequiredCommand, str]]) -> Iterator[Finding]:
    """The refused commands by the missing rule."""
    by_rule: dict[str, list[RequiredCommand]] = {}
    for need, refusal in refused:
        by_rule.setdefault(missing_rule(need, refusal), []).append(need)
    for rule, needs in by_rule.items():
        what = join_names(dict.fromkeys(need.name for need in needs))
        adds = join_names(dict.fromkeys(need.adds for need in needs))
        yield Finding(what, FindingState.HIDDEN, f"refused: {adds}", f"ACL SETUSER {user} {rule}")


def missing_rule(need: RequiredCommand, refusal: str) -> str:
    """The rule that is missing, by what the server names: a command, its keys, or its channel.

    The command may be another: without SELECT no database but the first can be used.
    """
    denied, command = DENIED.search(refusal), COMMAND.search(refusal)
    if command is not None:
        return need.rule if need.rule.startswith(f"+{command[1]}|") else f"+{command[1]}"
    if denied is None:
        return need.rule
    return f"'{'~' if denied[1] == 'key' else '&'}{need.subject or '*'}'"


def username(client: Redis) -> str:
    """The user of the URL."""
    return str(connection_kwargs(client).get("username") or "default")


def user_and_database(url: SecretStr) -> tuple[str, int]:
    """The user and the number of the database that the URL names; defaults for another server."""
    found = parse_secret_url(url) if readable_url(url) else RedisUrl()
    return found.username or "default", found.database


def connection_kwargs(client: Redis) -> dict[str, Any]:
    """The arguments of the client's connections."""
    known: dict[str, Any] = client.connection_pool.connection_kwargs
    return known
