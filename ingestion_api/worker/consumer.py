"""What keeps a worker in touch with its broker, also where Celery's own consumer would end the worker."""

import logging
from typing import Any

from celery.concurrency.solo import TaskPool
from celery.utils.threads import bound_open_broker_sockets  # type: ignore[attr-defined]  # not in celery-types yet
from celery.worker.consumer import Consumer
from kombu import Connection

from ingestion_api.worker.contact import CHECK_INTERVAL, BrokerContact, check_contact, observe_channel

log = logging.getLogger(__name__)

CLOSE_TIMEOUT = 1.0  # seconds for a last word from a connection that is given up


class ReconnectingConsumer(Consumer):
    """Celery's consumer, which outlives the loss of a connection at any moment."""

    task_consumer: Any  # Celery's; None before it consumes

    def __init__(self, *given: Any, **more: Any) -> None:
        self.contact = BrokerContact()
        super().__init__(*given, **more)

    def register_with_event_loop(self, hub: Any) -> None:
        """Note from now on when the broker is heard; called for each connection."""
        super().register_with_event_loop(hub)
        channel = self.task_consumer.channel
        observe_channel(self.contact, channel)
        self.contact.blocks_loop = isinstance(self.pool, TaskPool)
        self.contact.begin()
        hub.call_repeatedly(CHECK_INTERVAL, check_contact, self.contact, channel)

    def on_connection_error_after_connected(self, exc: Exception) -> None:
        """Let go of the broken connection.

        Before kombu 5.7 closes a channel it hears out the BRPOP that is under way, and when that fails leaves
        the channel open. Celery 5.7 then takes away its transport and closes it again: an AttributeError
        that ends the worker with all that it works on, now or when the next message is acknowledged. Closed
        once before, the channel waits for nothing when Celery closes it.
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
