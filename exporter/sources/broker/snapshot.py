"""The observed state of the broker and the workers, for comparison with the backend's reports."""

from dataclasses import dataclass


@dataclass(frozen=True)
class QueueSnapshot:
    """One queue over all its priority lists, as last read."""

    name: str
    length: int  # waiting messages
    oldest_age: float | None  # seconds that the oldest has waited; 0 when empty, None if unknown yet
    consumers: int | None  # None while no worker has been inspected

    @property
    def is_unconsumed(self) -> bool | None:
        """Whether messages wait without a consumer; None if unknown."""
        if self.length == 0:
            return False
        return None if self.consumers is None else self.consumers == 0

    def is_stuck(self, after: float) -> bool:
        """Whether messages wait, the oldest for longer than `after` seconds."""
        return self.length > 0 and self.oldest_age is not None and self.oldest_age > after


@dataclass(frozen=True)
class BrokerSnapshot:
    """The state at one moment; None means unknown and must never be read as 0 or as healthy.

    `await sources.broker.snapshot()` builds it from results that are cached or cheap to read; it raises
    NotConfigured without a broker and nothing else.
    """

    is_responding: bool  # the broker replied to the exporter's PING
    is_listening: bool  # worker events arrive, so that their results are current
    workers_alive: int | None  # workers whose heartbeat is younger than celery.worker_timeout
    queues: tuple[QueueSnapshot, ...] | None  # None when the broker could not be read
    unacked: int | None  # messages that workers hold: active, reserved or scheduled
    last_task_event_at: float | None  # Unix seconds of the last event of any task
    finished: int | None  # tasks that succeeded or failed within the last `window` seconds, by events
    failed: int | None  # those of them that failed
    window: float
    stalled: tuple[
        str, ...
    ] = ()  # workers that take tasks and start none, though a process of theirs is free

    @property
    def failure_ratio(self) -> float | None:
        """Failed as a share of finished, 0 to 1; None when nothing finished or no events arrived."""
        if not self.finished or self.failed is None:
            return None
        return self.failed / self.finished

    @property
    def unconsumed_queues(self) -> tuple[str, ...]:
        """The queues with messages and without a consumer, as far as known."""
        return tuple(queue.name for queue in self.queues or () if queue.is_unconsumed)

    def stuck_queues(self, after: float) -> tuple[str, ...]:
        """The queues whose oldest message has waited longer than `after` seconds."""
        return tuple(queue.name for queue in self.queues or () if queue.is_stuck(after))
