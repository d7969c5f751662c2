"""A Redis server asked by the exporter: one connection a question, no retries, no waiting without an end."""

from collections.abc import Sequence

from pydantic import SecretStr
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from exporter.errors import BadAnswer, Refused, SourceError, TimedOut

Command = tuple[str | int, ...]
# what a server may say in place of an answer, by the first word of its error
WORDS = {
    exceptions.AuthenticationError: "refused the password",
    exceptions.AuthorizationError: "does not allow this user to connect",
    exceptions.NoPermissionError: "does not allow this user the command",
    exceptions.BusyLoadingError: "is still loading its data",
    exceptions.MaxConnectionsError: "is asked too much at once",
    exceptions.ClusterDownError: "belongs to a cluster that is down",
    exceptions.MovedError: "is one node of a cluster; expected a single server",
}


def connect(url: SecretStr, timeout: float) -> Redis:
    """A client for this URL; nothing is opened before the first command. Raises ValueError for a bad URL."""
    return Redis.from_url(
        url.get_secret_value(),
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        max_connections=8,  # one for each question that may be under way
        # neither a name nor a newer protocol: each costs a command that older servers and narrow users refuse
        protocol=2,
        driver_info=None,
    )


async def replies(name: str, redis: Redis, commands: Sequence[Command]) -> list[object]:
    """The answers to these commands from one round trip, None for each that is refused by itself.

    Raises SourceError when the server cannot be asked or refuses all of them.
    """
    try:
        async with redis.pipeline(transaction=False) as pipeline:
            for command in commands:
                pipeline.execute_command(*command)
            answers = await pipeline.execute(raise_on_error=False)
    except RedisError as error:
        raise said(name, error) from None
    refusals = [answer for answer in answers if isinstance(answer, RedisError)]
    if refusals and len(refusals) == len(answers):
        raise said(name, refusals[0])
    return [None if isinstance(answer, Exception) else answer for answer in answers]


def said(name: str, error: RedisError) -> SourceError:
    """The error of the client library as one of ours, without its text, which may hold addresses or keys."""
    if isinstance(error, exceptions.TimeoutError):
        return TimedOut(f"{name} gave no answer in time")
    for kind, words in WORDS.items():
        if isinstance(error, kind):
            return Refused(f"{name} {words}")
    if isinstance(error, exceptions.ConnectionError):
        return Refused(f"{name} cannot be reached")
    if isinstance(error, exceptions.ResponseError):
        return BadAnswer(f"{name} refused the command: {str(error).split(' ', 1)[0][:32]}")
    return SourceError(f"{name} failed with {type(error).__name__}")
