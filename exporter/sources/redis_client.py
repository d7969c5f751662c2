"""A Redis server asked by the exporter: one connection a question, no retries, no waiting without an end."""

from pydantic import SecretStr
from redis import exceptions
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from redis.exceptions import RedisError

from exporter.errors import BadAnswer, Refused, SourceError, TimedOut


def connect(url: SecretStr, timeout: float) -> Redis:
    """A client for this URL; nothing is opened before the first command. Raises ValueError for a bad URL."""
    return Redis.from_url(
        url.get_secret_value(),
        decode_responses=True,
        encoding_errors="replace",
        socket_timeout=timeout,
        socket_connect_timeout=timeout,
        retry=Retry(NoBackoff(), 0),
        max_connections=4,
        client_name="watchroom-exporter",
    )


def said(name: str, error: RedisError) -> SourceError:
    """The error of the client library as one of ours, without its text, which may hold addresses or keys."""
    if isinstance(error, exceptions.TimeoutError):
        return TimedOut(f"{name} gave no answer in time")
    if isinstance(error, exceptions.AuthenticationError):
        return Refused(f"{name} refused the password")
    if isinstance(error, exceptions.ConnectionError):
        return Refused(f"{name} cannot be reached")
    if isinstance(error, exceptions.ResponseError):
        return BadAnswer(f"{name} refused the command: {str(error).split(' ', 1)[0]}")
    return SourceError(f"{name} failed with {type(error).__name__}")
