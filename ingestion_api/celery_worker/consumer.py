"""Celery's consumer with reconnection: it notices a half-open connection and outlives a lost one."""

import logging
import time
from collections.abc import Callable
from queue import Empty
from typing import Any

from celery.concurrency.solo import TaskPool
from celery.utils.threads import bound_open_broker_sockets  # type: ignore[attr-defined]  # not in celery-types yet
from celery.worker.consumer import Consumer
from celery.worker.state import active_requests, reserved_requests
from kombu import Connection

log = logging.getLogger(__name__)

# what kombu raises for foreign messages; it treats a KeyError as a lost connection
NO_MESSAGE = (ValueError, TypeError, AttributeError, RecursionError)
LOST_AFTER = 8.0  # seconds; a live broker replies to a waiting BRPOP every second
CHECK_INTERVAL = 1.0
MAX_CHECK_DELAY = 3.0  # seconds between two checks
CLOSE_TIMEOUT = 1.0  # seconds for closing a broken connection


class BrokerContact:
    """When the broker last replied: written by the consumer's loop, read by the heartbeat."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.heard_at: float | None = None
        self.must_reconnect = False
        self.blocks_loop = False  # a solo pool runs its tasks in the consumer's own loop
        self._checked_at = clock()

    def loop_was_late(self) -> bool:
        """Whether the consumer's loop was blocked since the last check, so that it read no reply."""
        before, self._checked_at = self._checked_at, self._clock()
        return self._checked_at - before > MAX_CHECK_DELAY

    def mark_connected(self) -> None:
        """Record a new connection."""
        self.must_reconnect = False
        self.mark_heard()

    def mark_heard(self) -> None:
        """Record a reply, or that none is expected."""
        self.heard_at = self._clock()

    def seconds_lost(self) -> float | None:
        """Seconds since the last reply of the broker; None below the limit."""
        if self.heard_at is None or (self.blocks_loop and active_requests):
            return None
        seconds = self._clock() - self.heard_at
        return seconds if seconds > LOST_AFTER else None


class BrokerConnectionLost(ConnectionResetError):
    """The broker does not reply, although its connection seems to be open."""


def observe_channel(contact: BrokerContact, channel: Any) -> None:
    """Record each reply to the BRPOP of kombu's channel, and an acknowledgement without one."""
    read, ack = channel.handlers["BRPOP"], channel.qos.ack

    def read_reply() -> Any:
        before = contact.heard_at
        contact.mark_heard()
        try:
            # an empty reply raises, too
            return read()
        except channel.connection_errors:
            contact.heard_at = before
            raise
        except NO_MESSAGE as error:
            # it has left the queue already; other programs may write to the same Redis
            log.warning("an invalid message was dropped from a queue: %s", type(error).__name__)
            raise Empty from error

    def acknowledge(delivery_tag: str) -> None:
        try:
            ack(delivery_tag)
        except channel.connection_errors:
            contact.must_reconnect = True
            raise
        except channel.channel_errors as error:
            contact.must_reconnect = True
            raise BrokerConnectionLost(f"an acknowledgement was refused: {error}") from error

    channel.handlers["BRPOP"] = read_reply
    channel.qos.ack = acknowledge


def check_contact(contact: BrokerContact, channel: Any) -> None:
    """Raise BrokerConnectionLost when only a new connection helps.

    A message that could not be acknowledged counts against the prefetch limit for ever, so that the worker
    fetches no other. A worker at its prefetch limit fetches none either, so it expects no reply.
    """
    if contact.must_reconnect:
        raise BrokerConnectionLost("an acknowledgement got no reply")
    if contact.loop_was_late():
        return  # replies that came meanwhile are read first
    if reserved_requests and not channel.qos.can_consume():
        contact.mark_heard()
    if contact.seconds_lost() is not None:
        raise BrokerConnectionLost("the broker has not replied")


class ReconnectingConsumer(Consumer):
    """Celery's consumer, which outlives the loss of a connection at any moment."""

    task_consumer: Any  # Celery's; None before it consumes

    def __init__(self, *given: Any, **more: Any) -> None:
        self.contact = BrokerContact()
        super().__init__(*given, **more)

    def register_with_event_loop(self, hub: Any) -> None:
        """Observe the channel of each new connection."""
        super().register_with_event_loop(hub)
        channel = self.task_consumer.channel
        observe_channel(self.contact, channel)
        self.contact.blocks_loop = isinstance(self.pool, TaskPool)
        self.contact.mark_connected()
        hub.call_repeatedly(CHECK_INTERVAL, check_contact, self.contact, channel)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Close the broken connection.

        Before kombu 5.7 closes a channel, it waits for the pending BRPOP, and leaves the channel open when
        that fails. Celery 5.7 then removes its transport and closes it again: an AttributeError that ends
        the worker and its tasks, now or at the next acknowledgement. Closed once before, the channel waits
        for nothing when Celery closes it.
        """
        if self.connection is not None and self.task_consumer is not None:
            close_channel(self.connection, self.task_consumer.channel)
        super().on_connection_error_after_connected(exc)


def close_channel(connection: Connection, channel: Any) -> None:
    """Close a channel that may be broken, within about a second."""
    bound_open_broker_sockets(connection, CLOSE_TIMEOUT)
    try:
        connection.maybe_close_channel(channel)
    except Exception as error:  # noqa: BLE001 - it is broken anyway, and Celery closes it once more
        log.debug("the channel could not be closed: %s", type(error).__name__)
