"""What is observed of the workers through the broker, as plain facts for those who judge reports by them."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QueueSnapshot:
    """One queue over all its priority lists, as last asked."""

    name: str
    length: int  # messages that no worker has taken
    oldest_age: float | None  # seconds that the oldest has waited; 0 when empty, None when not knowable yet
    consumers: int | None  # workers that take from it; None while no worker has been asked

    @property
    def is_unconsumed(self) -> bool | None:
        """Whether messages wait that nobody will take; None when that is not known."""
        if self.length == 0:
            return False
        return None if self.consumers is None else self.consumers == 0

    def is_stuck(self, after: float) -> bool:
        """Whether messages wait and the oldest has done so for longer than `after` seconds."""
        return self.length > 0 and self.oldest_age is not None and self.oldest_age > after


@dataclass(frozen=True)
class BrokerSnapshot:
    """Everything at one moment; None means unknown and must never be read as 0 or as healthy.

    `await sources.broker.observed()` makes it from answers that are already there or cheap to get; it
    raises NotConfigured without a broker and nothing else.
    """

    is_responding: bool  # the broker answered our own PING
    is_listening: bool  # worker events arrive: what follows from events speaks for the present
    workers_alive: int | None  # workers whose heartbeat is younger than celery.worker_timeout
    queues: tuple[QueueSnapshot, ...] | None  # None when the broker could not be asked
    unacked: int | None  # messages that workers hold, running, reserved or waiting for their time
    last_task_event_at: float | None  # Unix seconds at which the last event of any task came
    finished: int | None  # tasks that succeeded or failed within the last `window` seconds, by events
    failed: int | None  # those of them that failed
    window: float
    stalled: tuple[
        str, ...
    ] = ()  # workers that take tasks and start none, though a process of theirs is free

    @property
    def failure_ratio(self) -> float | None:
        """Failed as a share of finished, 0 to 1; None when nothing finished or nothing was heard."""
        if not self.finished or self.failed is None:
            return None
        return self.failed / self.finished

    @property
    def unconsumed_queues(self) -> tuple[str, ...]:
        """The queues with messages and, as far as known, nobody who takes them."""
        return tuple(queue.name for queue in self.queues or () if queue.is_unconsumed)

    def stuck_queues(self, after: float) -> tuple[str, ...]:
        """The queues whose oldest message has waited for longer than `after` seconds."""
        return tuple(queue.name for queue in self.queues or () if queue.is_stuck(after))
