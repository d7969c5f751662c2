"""When the worker's consumer last heard its broker, whatever state its connection seems to be in."""

import time
from collections.abc import Callable
from typing import Any

from celery.worker.state import active_requests, reserved_requests

LOST_AFTER = 8.0  # seconds; a broker that is there answers a waiting BRPOP every second
CHECK_INTERVAL = 1.0
MAX_CHECK_DELAY = 3.0  # seconds between two looks


class BrokerContact:
    """Noted by the consumer's loop, read by the heartbeat; nothing is known before the first note."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.heard_at: float | None = None
        self.must_reconnect = False
        self.blocks_loop = False  # of a pool that does its tasks in the consumer's own loop
        self._looked_at = clock()

    def was_late(self) -> bool:
        """Whether the consumer's loop stood still since the last look, in which nothing could be heard."""
        before, self._looked_at = self._looked_at, self._clock()
        return self._looked_at - before > MAX_CHECK_DELAY

    def begin(self) -> None:
        """A new connection answered."""
        self.must_reconnect = False
        self.note()

    def note(self) -> None:
        """The broker was heard, or there is no reason to listen."""
        self.heard_at = self._clock()

    def lost_for(self) -> float | None:
        """Seconds since the broker was last heard; None while that is not long ago."""
        if self.heard_at is None or (self.blocks_loop and active_requests):
            return None
        silence = self._clock() - self.heard_at
        return silence if silence > LOST_AFTER else None


class BrokerConnectionLost(ConnectionResetError):
    """The broker does not answer, though nothing says that its connection has ended."""


def observe_channel(contact: BrokerContact, channel: Any) -> None:
    """Have kombu's channel tell of each reply to its BRPOP, and of an acknowledgement that got none."""
    read, ack = channel.handlers["BRPOP"], channel.qos.ack

    def answered() -> Any:
        before = contact.heard_at
        contact.note()
        try:
            # an empty reply is an exception, too
            return read()
        except channel.connection_errors:
            contact.heard_at = before
            raise

    def acknowledged(delivery_tag: str) -> None:
        try:
            ack(delivery_tag)
        except channel.connection_errors:
            contact.must_reconnect = True
            raise

    channel.handlers["BRPOP"] = answered
    channel.qos.ack = acknowledged


def check_contact(contact: BrokerContact, channel: Any) -> None:
    """Raise BrokerLost where only a new connection helps.

    A message that could not be acknowledged counts against the prefetch limit for ever, so that no other is
    asked for. A worker that has all it can work on asks for none either, and its silence says nothing.
    """
    if contact.must_reconnect:
        raise BrokerConnectionLost("an acknowledgement got no reply")
    if contact.was_late():
        return  # what was sent meanwhile is read first
    if reserved_requests and not channel.qos.can_consume():
        contact.note()
    if contact.lost_for() is not None:
        raise BrokerConnectionLost("the broker has not answered")
