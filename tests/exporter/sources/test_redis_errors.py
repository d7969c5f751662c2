"""What an error of a Redis server is called, without its text."""

import pytest
from redis import exceptions
from redis.exceptions import RedisError

from exporter.errors import InvalidResponse, RequestFailed, SourceError, SourceTimeout, SourceUnreachable
from exporter.sources.redis_errors import display_command, permission_error_text, to_source_error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (exceptions.TimeoutError("secret"), SourceTimeout, "cache did not respond in time"),
        (exceptions.BusyLoadingError("secret"), RequestFailed, "cache is still loading its data"),
        (exceptions.MaxConnectionsError("secret"), RequestFailed, "cache gets too many requests at once"),
        (exceptions.MovedError("1 secret:1"), RequestFailed, "is one node of a cluster"),
        (exceptions.NoPermissionError("secret"), RequestFailed, "does not allow this user the command"),
        (exceptions.ConnectionError("Connection refused by secret"), SourceUnreachable, "cannot be reached"),
        (exceptions.ConnectionError("Error 111 Errno 111 secret"), SourceUnreachable, "cannot be reached"),
        (exceptions.ConnectionError("secret"), RequestFailed, "cache cannot be reached"),
        (exceptions.ResponseError("ERR secret"), InvalidResponse, "cache refused the command: ERR"),
        (exceptions.ResponseError("E" * 40), InvalidResponse, f"cache refused the command: {'E' * 32}"),
        (exceptions.DataError("secret"), SourceError, "cache failed with DataError"),
    ],
)
def test_an_error_is_one_sentence_of_ours(error: RedisError, kind: type[SourceError], words: str) -> None:
    ours = to_source_error("cache", error)
    assert type(ours) is kind
    assert words in str(ours)
    assert str(ours).endswith(words) or kind is RequestFailed
    assert "secret" not in str(ours)


@pytest.mark.parametrize(
    ("text", "what", "rule"),
    [
        ("to run the 'memory|usage' command", "the command MEMORY USAGE; grant it", "+memory|usage"),
        ("to run the 'keys' command", "the command MEMORY USAGE; grant it", "+memory|usage"),
        ("a monkey", "the command MEMORY USAGE; grant it", "+memory|usage"),
        ("to access one of the keys", "the keys of MEMORY USAGE; grant them", "~PATTERN"),
        ("to access one of the channels", "the channels of MEMORY USAGE; grant them", "&CHANNEL"),
    ],
)
def test_a_refusal_names_the_rule_that_is_missing(text: str, what: str, rule: str) -> None:
    words = permission_error_text("cache", text, "memory|usage")
    assert f"cache does not allow this user {what}" in words
    assert f"ACL SETUSER and {rule} (" in words
    assert str(to_source_error("cache", exceptions.NoPermissionError(text), "memory|usage")) == words


def test_a_command_is_shown_as_the_documentation_writes_it() -> None:
    assert display_command("latency|histogram") == "LATENCY HISTOGRAM"
