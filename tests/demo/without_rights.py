"""What a user without rights may do."""

import shlex
from pathlib import Path

import redis
from redis.exceptions import NoPermissionError

COMMANDS = {"PING": (), "INFO": (), "LLEN": ("default",), "GET": ("resource:1",)}


def variables(file: str) -> dict[str, str]:
    """The environment that a file of lines NAME='value' holds."""
    return dict(word.split("=", 1) for word in shlex.split(Path(file).read_text()))


def allowed(url: str) -> set[str]:
    """The commands that this user may give."""
    with redis.Redis.from_url(url, socket_timeout=2) as client:
        return {name for name, words in COMMANDS.items() if may(client, name, words)}


def may(client: "redis.Redis", name: str, words: tuple[str, ...]) -> bool:
    """Whether a command is allowed, whatever it answers."""
    try:
        client.execute_command(name, *words)  # type: ignore[no-untyped-call]  # as redis has it
    except NoPermissionError:
        return False
    return True
