"""A Redis server: pipelines of commands, no waiting without an end, all of it counted."""

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
SHARED_PING_AGE = 0.75  # of its period: a ping of another so long ago serves as well


class RedisClient:
    """One login to one database of a server. `name` is how sentences call it."""

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
        self._pulse: SharedPing | None = None
        self._ping: Poller[bool] | None = None
        self._telling: asyncio.Task[None] | None = None
        self._denied: dict[str, str] = {}

    @property
    def permission_errors(self) -> tuple[str, ...]:
        """A sentence for each command that this user was refused when it was last sent."""
        return tuple(self._denied.values())

    async def execute(self, commands: Sequence[Command]) -> list[object]:
        """The replies from one round trip; of a command that is refused by itself, the client's error.

        Raises SourceError when the server cannot be asked.
        """
        self.counts.count_sent(commands)
        try:
            async with self._redis.pipeline(transaction=False) as pipeline:
                for command in commands:
                    pipeline.execute_command(*command)
                # a server that waits with us for a reply of others has nothing to do meanwhile
                with nullcontext() if commands[0][0] == "BRPOP" else count_busy_time():
                    found = list(await pipeline.execute(raise_on_error=False))
        except (RedisTimeout, asyncio.CancelledError) as error:
            self.counts.count_replies(commands, [None] * len(commands))  # a silent server may yet run them
            if isinstance(error, RedisError):
                raise to_source_error(self.name, error) from None
            raise
        except RedisError as error:
            self.counts.count_unsent(commands)
            raise to_source_error(self.name, error) from None
        self.counts.count_replies(commands, found)
        self._note_rights(commands, found)
        return found

    async def execute_or_none(self, commands: Sequence[Command]) -> list[object]:
        """The same with None for what was refused. Raises SourceError when all of them were."""
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
        """INFO with all its sections, and what was sent to the server since this client was made."""
        reply = await self.execute_one("INFO", "all")
        own = self.counts.snapshot().since(self._before)
        own.calls["info"] -= 1
        own.totals["commands"] -= 1
        return reply, own

    def ping(self, name: str, period: float) -> Poller[bool]:
        """The question whether the server lives; a server that is named twice is pinged once."""

        async def ask() -> bool:
            error = await self._shared_pulse().check(SHARED_PING_AGE * period)
            if error is not None:
                raise to_source_error(self.name, error)
            return True

        self._ping = Poller(name, ask, PollPolicy(3 * self.timeout, min_interval=period))
        return self._ping

    def _shared_pulse(self) -> SharedPing:
        if self._pulse is None:
            self._pulse = shared_ping(self._login, self._url, self.timeout, self.counts)
            self._pulse.watchers.append(self._tell)
        return self._pulse

    def _tell(self) -> None:
        """Have the question asked anew, since another one's ping found the server away or back."""
        if self._ping is not None:
            self._telling = asyncio.create_task(self._ping.refresh(), name="tell of a ping")

    async def close(self) -> None:
        """Close the connections."""
        await self._redis.aclose()
        if self._pulse is not None:
            await self._pulse.close()

    def _note_rights(self, commands: Sequence[Command], found: Sequence[object]) -> None:
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
    """The question whether the server lives; not configured without one."""
    return client.ping(name, period) if client is not None else Poller(name, None, PollPolicy())


def make_redis_client(name: str, url: SecretStr | None, timeout: float) -> RedisClient | None:
    """A client for this URL; None without one, or for something else than a Redis server."""
    return RedisClient(name, url, timeout) if url is not None and readable_url(url) is not None else None


COMMANDS_A_SECOND = 6.0  # of one such task, on average


def interval_for_commands(period: float, commands: int) -> float:
    """The period, or a longer one after which so many commands are few again; an hour at most."""
    return min(max(period, commands / COMMANDS_A_SECOND), 3600.0)
