"""A client of one Redis database: pipelines with a time-out, every command counted."""

import asyncio
from collections.abc import Sequence
from contextlib import nullcontext

from pydantic import SecretStr
from redis.exceptions import NoPermissionError, RedisError
from redis.exceptions import TimeoutError as RedisTimeout

from exporter.footprint import count_busy_time
from exporter.poll_policy import PollPolicy
from exporter.polling import Poller
from exporter.settings_types import readable_url
from exporter.sources.redis_connection import (
    SharedPing,
    make_redis,
    parse_secret_url,
    shared_counts,
    shared_ping,
)
from exporter.sources.redis_counts import CommandCounts, command_name
from exporter.sources.redis_errors import to_source_error

Command = tuple[str | int, ...]
SHARED_PING_AGE = 0.75  # share of the interval; a younger ping of another client serves as well


class RedisClient:
    """One login to one database of a server. Errors call it by `name`."""

    def __init__(self, name: str, url: SecretStr, timeout: float) -> None:
        self.name = name
        self.timeout = timeout
        found = parse_secret_url(url)
        self.database = found.database
        self.counts = shared_counts(url)
        self._before = self.counts.snapshot()
        self._login = (found.address, found.tls, found.username, found.password)
        self._redis = make_redis(url, timeout, self.counts)
        self._url = url
        self._shared_ping: SharedPing | None = None
        self._ping: Poller[bool] | None = None
        self._refreshing: asyncio.Task[None] | None = None
        self._denied: dict[str, str] = {}

    @property
    def permission_errors(self) -> tuple[str, ...]:
        """A sentence for each command whose last call the server refused to this user."""
        return tuple(self._denied.values())

    async def execute(self, commands: Sequence[Command]) -> list[object]:
        """The replies of one round trip; for a command that fails alone, the client's error.

        Raises SourceError when the server cannot be reached.
        """
        self.counts.count_sent(commands)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                # a server that waits for a reply of others is not busy
                with nullcontext() if commands[0][0] == "BRPOP" else count_busy_time():
                    found = list(await pipeline.execute(raise_on_error=False))
        except (RedisTimeout, asyncio.CancelledError) as error:
            self.counts.count_replies(commands, [None] * len(commands))  # a silent server may still run them
            if isinstance(error, RedisError):
                raise to_source_error(self.name, error) from None
            raise
        except RedisError as error:
            self.counts.count_unsent(commands)
            raise to_source_error(self.name, error) from None
        self.counts.count_replies(commands, found)
        self._record_permissions(commands, found)
        return found

    async def execute_or_none(self, commands: Sequence[Command]) -> list[object]:
        """The same with None for refused commands. Raises SourceError when all were refused."""
        found = await self.execute(commands)
        refused = [(c, r) for c, r in zip(commands, found, strict=True) if isinstance(r, RedisError)]
        if refused and len(refused) == len(found):
            raise to_source_error(self.name, refused[0][1], command_name(refused[0][0]))
        return [None if isinstance(reply, Exception) else reply for reply in found]

    async def execute_granted(self, commands: Sequence[Command]) -> list[object]:
        """The replies. Raises SourceError when this user may not run one of the commands."""
        found = await self.execute(commands)
        for command, reply in zip(commands, found, strict=True):
            if isinstance(reply, NoPermissionError):
                raise to_source_error(self.name, reply, command_name(command))
        return found

    async def execute_one(self, *command: str | int) -> object:
        """The reply to one command. Raises SourceError when it is refused."""
        (reply,) = await self.execute([command])
        if isinstance(reply, RedisError):
            raise to_source_error(self.name, reply, command_name(command))
        return reply

    async def info(self) -> tuple[object, CommandCounts]:
        """INFO with all its sections, and the commands sent to the server since this client was made."""
        reply = await self.execute_one("INFO", "all")
        own = self.counts.snapshot().since(self._before)
        own.calls["info"] -= 1
        own.totals["commands"] -= 1
        return reply, own

    def ping(self, name: str, period: float) -> Poller[bool]:
        """A poller of PING; a server that is configured twice is pinged once."""

        async def call() -> bool:
            error = await self._get_shared_ping().check(SHARED_PING_AGE * period)
            if error is not None:
                raise to_source_error(self.name, error)
            return True

        self._ping = Poller(name, call, PollPolicy(3 * self.timeout, min_interval=period))
        return self._ping

    def _get_shared_ping(self) -> SharedPing:
        if self._shared_ping is None:
            self._shared_ping = shared_ping(self._login, self._url, self.timeout, self.counts)
            self._shared_ping.watchers.append(self._refresh_ping)
        return self._shared_ping

    def _refresh_ping(self) -> None:
        """Poll again, since the ping of another client found the server away or back."""
        if self._ping is not None:
            self._refreshing = asyncio.create_task(self._ping.refresh(), name="refresh a ping")

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        if self._shared_ping is not None:
            await self._shared_ping.close()

    def _record_permissions(self, commands: Sequence[Command], found: Sequence[object]) -> None:
        refused = {
            command_name(command): to_source_error(self.name, reply, command_name(command))
            for command, reply in zip(commands, found, strict=True)
            if isinstance(reply, NoPermissionError)
        }
        for command in commands:
            name = command_name(command)
            if name in refused:
                self._denied[name] = str(refused[name])
            else:
                self._denied.pop(name, None)


def make_ping_poller(client: RedisClient | None, name: str, period: float) -> Poller[bool]:
    """A poller of PING; not configured without a client."""
    return client.ping(name, period) if client is not None else Poller(name, None, PollPolicy())


def make_redis_client(name: str, url: SecretStr | None, timeout: float) -> RedisClient | None:
    """A client for this URL; None without a URL, or for another kind of server."""
    return RedisClient(name, url, timeout) if url is not None and readable_url(url) is not None else None


COMMANDS_A_SECOND = 6.0  # of one expensive poll, on average


def interval_for_commands(period: float, commands: int) -> float:
    """The interval of a poll that takes so many commands: `period` or longer, an hour at most."""
    return min(max(period, commands / COMMANDS_A_SECOND), 3600.0)
