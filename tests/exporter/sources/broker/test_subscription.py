"""One subscription to events on a real Redis: what is read, what is counted, and how it ends."""

import json
import select
from collections.abc import Iterator

import pytest
from pydantic import SecretStr
from redis import Redis
from redis.exceptions import NoPermissionError

from exporter.settings_queues import CelerySettings
from exporter.sources.broker.event_receiver import EventReceiver
from exporter.sources.broker.event_stream import EventSubscription
from exporter.sources.redis_connection import setup_commands, shared_counts
from tests.servers.redis_server import RedisServer


def read(stream: EventSubscription, messages: int) -> list[bytes]:
    """So many messages, once they have come."""
    found: list[bytes] = []
    poll = select.poll()
    poll.register(stream.fileno(), select.POLLIN)
    for _ in range(50):
        found += stream.payloads()
        if len(found) >= messages and stream.subscribed and not stream.backlog:
            return found
        poll.poll(100)
        stream.drain()
    raise AssertionError(f"only {found} came")


@pytest.fixture
def stream(redis: Redis, redis_server: RedisServer) -> Iterator[EventSubscription]:
    """A subscription to all channels that begin with a."""
    it = EventSubscription(SecretStr(redis_server.database(2)), "a*", 1.0)
    read(it, 0)
    yield it
    it.close()


def test_messages_are_read_in_order_and_of_its_channels_alone(
    redis: Redis, stream: EventSubscription
) -> None:
    for channel, text in (("a1", "one"), ("b", "two"), ("a2", "three")):
        redis.publish(channel, text)
    assert read(stream, 2) == [b"one", b"three"]


def test_what_is_read_waits_until_it_is_parsed(redis: Redis, stream: EventSubscription) -> None:
    redis.publish("a", "x" * 1000)
    assert select.select([stream.fileno()], [], [], 2)[0]
    assert stream.drain()
    assert stream.backlog > 1000
    assert not stream.drain()
    assert [*stream.payloads()] == [b"x" * 1000]
    assert stream.backlog == 0
    assert [*stream.payloads()] == []


def test_a_large_message_comes_in_several_chunks(redis: Redis, stream: EventSubscription) -> None:
    text = json.dumps("x" * 300_000)
    redis.publish("a", text)
    assert read(stream, 1) == [text.encode()]


def test_the_commands_of_a_subscription_are_counted(redis: Redis, redis_server: RedisServer) -> None:
    url = SecretStr(redis_server.database(2))
    counts = shared_counts(url)
    before = counts.snapshot()
    stream = EventSubscription(url, "a*", 1.0)
    read(stream, 0)
    stream.ping()
    own = counts.snapshot().since(before)
    stream.close()
    assert own.calls == {"select": 1, "psubscribe": 1, "ping": 1}
    assert (own.totals["connections"], own.totals["commands"]) == (1, 3)


def test_a_broker_that_closes_the_subscription_is_an_error(redis: Redis, stream: EventSubscription) -> None:
    redis.client_kill_filter(_type="pubsub")
    assert select.select([stream.fileno()], [], [], 2)[0]
    with pytest.raises(ConnectionResetError, match="the broker closed the subscription"):
        stream.drain()


def test_a_user_who_may_not_subscribe_is_told(redis: Redis, redis_server: RedisServer) -> None:
    redis.acl_setuser("deaf", enabled=True, passwords=["+pw"], commands=["+@all"], keys=["*"], reset=True)
    url = redis_server.url.replace("redis://", "redis://deaf:pw@")
    try:
        stream = EventSubscription(SecretStr(url), "a*", 1.0)
        with pytest.raises(NoPermissionError, match="channel"):
            read(stream, 0)
        stream.close()
    finally:
        redis.acl_deluser("deaf")


def test_a_broker_that_is_silent_for_long_is_pinged_and_then_left(stream: EventSubscription) -> None:
    receiver = EventReceiver(CelerySettings(), SecretStr("redis://127.0.0.1:1"), 0)
    receiver._mark_heard(100.0)
    receiver._ping_if_idle(stream, 130.0)
    assert select.select([stream.fileno()], [], [], 2)[0]  # the reply
    with pytest.raises(TimeoutError, match="silent"):
        receiver._ping_if_idle(stream, 130.1)


class Connection:
    """What a connection knows of its login and its database."""

    def __init__(self, username: str | None, password: str | None, db: int) -> None:
        self.username, self.password, self.db = username, password, db


@pytest.mark.parametrize(
    ("connection", "commands"),
    [
        (Connection(None, None, 0), []),
        (Connection(None, "pw", 0), ["auth"]),
        (Connection("me", None, 0), ["auth"]),
        (Connection("me", "pw", 3), ["auth", "select"]),
        (Connection(None, None, 3), ["select"]),
    ],
)
def test_a_connection_is_set_up_with_as_few_commands_as_it_needs(
    connection: Connection, commands: list[str]
) -> None:
    assert setup_commands(connection) == commands
