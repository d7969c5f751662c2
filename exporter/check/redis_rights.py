"""Which Redis commands a user may run, on which keys and channels.

Each is tried once; none changes anything but keys that the check itself has made.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from redis.asyncio import Redis
from redis.exceptions import NoPermissionError, RedisError

from exporter.check.finding import Finding, State, joined
from exporter.errors import SourceError
from exporter.sources.redis_client import Command, connect, said


@dataclass(frozen=True)
class Need:
    """A command that the exporter sends, and what it is needed for."""

    command: Command
    adds: str
    subject: str = ""  # the key or channel pattern that the user needs beside the command

    @property
    def rule(self) -> str:
        """The ACL rule that allows the command: `+slowlog|len`, `+llen`."""
        words = [str(word).lower() for word in self.command]
        return f"+{words[0]}|{words[1]}" if words[0] in CONTAINERS else f"+{words[0]}"


CONTAINERS = ("slowlog", "latency", "memory")
KEYS, CHANNELS = "keys", "channel"


async def reach(name: str, url: SecretStr, seconds: float) -> Redis:
    """A client whose connection is open. Raises SourceError."""
    client = connect(url, seconds)
    try:
        await client.ping()
    except NoPermissionError:
        return client  # somebody answers; what is allowed is found out by trying
    except RedisError as error:
        await client.aclose()
        raise said(name, error) from None
    except OSError:
        await client.aclose()
        raise SourceError(f"{name} cannot be reached") from None
    return client


async def allowed(client: Redis, needs: Sequence[Need]) -> list[Finding]:
    """What of these may be seen: one line for all that may, one for each rule that is missing."""
    seen: list[Need] = []
    refused: list[tuple[Need, str]] = []
    for need in needs:
        refusal = await try_command(client, need.command)
        if refusal is None:
            seen.append(need)
        else:
            refused.append((need, refusal))
    found = (
        [Finding("commands", State.SEEN, joined(dict.fromkeys(it.rule[1:] for it in seen)))] if seen else []
    )
    return [*found, *missing(user_of(client), refused)]


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


def missing(user: str, refused: Sequence[tuple[Need, str]]) -> Iterator[Finding]:
    """What was refused, by what is needed to see it."""
    for need, refusal in refused:
        rule = rule_for(need, refusal)
        what = f"{need.command[0]} {need.subject}".strip()
        yield Finding(what, State.HIDDEN, f"refused: {need.adds}", f"ACL SETUSER {user} {rule}")


def rule_for(need: Need, refusal: str) -> str:
    """The rule that is missing, by what the server names: the command, its keys, or its channel."""
    if CHANNELS in refusal:
        return f"'&{need.subject or '*'}'"
    if KEYS in refusal or " key" in refusal:
        return f"'~{need.subject or '*'}'"
    return need.rule


def user_of(client: Redis) -> str:
    """The user of the URL."""
    return str(kwargs_of(client).get("username") or "default")


def address_of(client: Redis) -> str:
    """The address without user and password."""
    known = kwargs_of(client)
    if "path" in known:
        return f"unix://{known['path']} database {known.get('db') or 0}"
    return f"redis://{known.get('host')}:{known.get('port', 6379)}/{known.get('db') or 0}"


def kwargs_of(client: Redis) -> dict[str, Any]:
    """What the URL says of a connection."""
    known: dict[str, Any] = client.connection_pool.connection_kwargs
    return known
