"""Errors of Redis servers as SourceErrors, without keys or addresses."""

import re

from redis import exceptions
from redis.exceptions import RedisError

from connections.faults import describe_fault
from exporter.errors import (
    InvalidResponse,
    RequestFailed,
    SourceError,
    SourceMisconfigured,
    SourceTimeout,
    SourceUnreachable,
)

MESSAGES = {
    exceptions.AuthorizationError: "does not allow this user to connect",
    exceptions.NoPermissionError: "does not allow this user the command",
    exceptions.BusyLoadingError: "is still loading its data",
    exceptions.MaxConnectionsError: "gets too many requests at once",
    exceptions.ClusterDownError: "belongs to a cluster that is down",
    exceptions.MovedError: "is one node of a cluster; expected a single server",
    exceptions.ClusterCrossSlotError: "is one node of a cluster; expected a single server",
}
GRANTS_GUIDE = "docs/operations.md holds the whole line"
CONNECTION_REFUSED = re.compile(r"Connection refused|Errno 111|Connect call failed")


def to_source_error(name: str, error: RedisError, command: str = "") -> SourceError:
    """The client library's error as a SourceError, without its text, which may hold addresses or keys."""
    if words := describe_fault(error):
        return SourceMisconfigured(f"{name} {words}")
    if isinstance(error, exceptions.TimeoutError):
        return SourceTimeout(f"{name} did not respond in time")
    if isinstance(error, exceptions.NoPermissionError) and command:
        return RequestFailed(permission_error_text(name, str(error), command))
    known = next((words for kind, words in MESSAGES.items() if isinstance(error, kind)), None)
    if known is not None:
        return RequestFailed(f"{name} {known}")
    if isinstance(error, exceptions.ConnectionError):
        absent = CONNECTION_REFUSED.search(str(error))
        return (SourceUnreachable if absent else RequestFailed)(f"{name} cannot be reached")
    is_reply = isinstance(error, exceptions.ResponseError)
    word = str(error).split(" ", 1)[0][:32]
    return (
        InvalidResponse(f"{name} refused the command: {word}")
        if is_reply
        else SourceError(f"{name} failed with {type(error).__name__}")
    )


def permission_error_text(name: str, text: str, command: str) -> str:
    """The part of the user's ACL that is missing for this command, and the rule to grant."""
    if "channel" in text:
        return (
            f"{name} does not allow this user the channels of {display_command(command)}; grant them with "
            f"ACL SETUSER and &CHANNEL ({GRANTS_GUIDE})"
        )
    if re.search(r"\bkeys?\b", text) and "the '" not in text:
        return (
            f"{name} does not allow this user the keys of {display_command(command)}; grant them with "
            f"ACL SETUSER and ~PATTERN ({GRANTS_GUIDE})"
        )
    return (
        f"{name} does not allow this user the command {display_command(command)}; grant it with "
        f"ACL SETUSER and +{command} ({GRANTS_GUIDE})"
    )


def display_command(command: str) -> str:
    """The command in the form of the Redis documentation."""
    return command.replace("|", " ").upper()
