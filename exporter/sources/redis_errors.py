"""What a Redis server may say in place of a reply, as one of our sentences, without keys or addresses."""

import re

from redis import exceptions
from redis.exceptions import RedisError

from connections.faults import fault
from exporter.errors import Absent, BadAnswer, Refused, SourceError, TimedOut, Unusable

# by the first word of the server's error
WORDS = {
    exceptions.AuthorizationError: "does not allow this user to connect",
    exceptions.NoPermissionError: "does not allow this user the command",
    exceptions.BusyLoadingError: "is still loading its data",
    exceptions.MaxConnectionsError: "is asked too much at once",
    exceptions.ClusterDownError: "belongs to a cluster that is down",
    exceptions.MovedError: "is one node of a cluster; expected a single server",
    exceptions.ClusterCrossSlotError: "is one node of a cluster; expected a single server",
}
DOCUMENT = "docs/operations.md holds the whole line"
CONNECTION_REFUSED = re.compile(r"Connection refused|Errno 111|Connect call failed")


def said(name: str, error: RedisError, command: str = "") -> SourceError:
    """The error of the client library as one of ours, without its text, which may hold addresses or keys."""
    if words := fault(error):
        return Unusable(f"{name} {words}")
    if isinstance(error, exceptions.TimeoutError):
        return TimedOut(f"{name} gave no answer in time")
    if isinstance(error, exceptions.NoPermissionError) and command:
        return Refused(denied(name, str(error), command))
    known = next((words for kind, words in WORDS.items() if isinstance(error, kind)), None)
    if known is not None:
        return Refused(f"{name} {known}")
    if isinstance(error, exceptions.ConnectionError):
        absent = CONNECTION_REFUSED.search(str(error))
        return (Absent if absent else Refused)(f"{name} cannot be reached")
    is_reply = isinstance(error, exceptions.ResponseError)
    word = str(error).split(" ", 1)[0][:32]
    return (
        BadAnswer(f"{name} refused the command: {word}")
        if is_reply
        else SourceError(f"{name} failed with {type(error).__name__}")
    )


def denied(name: str, text: str, command: str) -> str:
    """Which part of the user's ACL is too narrow for this command, and what to grant."""
    if "channel" in text:
        return (
            f"{name} does not allow this user the channels of {shown(command)}; grant them with "
            f"ACL SETUSER and &CHANNEL ({DOCUMENT})"
        )
    if re.search(r"\bkeys?\b", text) and "the '" not in text:
        return (
            f"{name} does not allow this user the keys of {shown(command)}; grant them with "
            f"ACL SETUSER and ~PATTERN ({DOCUMENT})"
        )
    return (
        f"{name} does not allow this user the command {shown(command)}; grant it with "
        f"ACL SETUSER and +{command} ({DOCUMENT})"
    )


def shown(command: str) -> str:
    """The command as people write it."""
    return command.replace("|", " ").upper()
