"""What is asked of the Celery broker, and the receiver of worker events."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from typing import TypeVar

from redis.asyncio import Redis
from redis.exceptions import RedisError

from exporter.bounds import Admitted
from exporter.errors import NotConfigured, Refused, SourceError
from exporter.pace import Pace
from exporter.question import Question
from exporter.settings import Celery as CelerySettings
from exporter.sources.asked import Asked
from exporter.sources.broker.consumers import consumers, count_up, unasked
from exporter.sources.broker.inspect import Inspected, inspect
from exporter.sources.broker.queues import Keys, Lengths, Movement, bound_queues, lengths
from exporter.sources.broker.receiver import Receiver
from exporter.sources.broker.results import results
from exporter.sources.broker.tails import Tails
from exporter.sources.broker.view import BrokerView, QueueView
from exporter.sources.redis_client import connect, said

T = TypeVar("T")
BINDINGS_SECONDS = 2.0


class Broker(Asked):
    """The questions put to the broker, and what its event channel tells."""

    def __init__(self, settings: CelerySettings) -> None:
        self.settings = settings
        url, store = settings.broker_url, settings.results_url
        self._quick = connect(url, settings.timeout) if url else None
        # BRPOP and SCAN must not keep the quick questions waiting for a connection
        self._slow = connect(url, settings.timeout) if url else None
        self._store = connect(store, settings.timeout) if store else None
        self.database = database_of(self._quick)
        self.receiver = Receiver(settings, url, self.database) if url else None
        self.keys = Keys(settings)
        self.movement = Movement()
        self.tails = Tails(settings.published_headers, self._sent_at)
        self.reported_names = Admitted(settings.tasks)
        self._answers: dict[str, Inspected] = {}
        self._found: dict[str, None] = {}
        self._asked_about: set[str] = set()
        self._inspecting: asyncio.Task[None] | None = None
        self._put_questions(settings)

    def _put_questions(self, settings: CelerySettings) -> None:
        quick = Pace(settings.timeout, at_most_every=settings.fast_period)
        often = Pace(settings.timeout, every=1.0)
        found = Pace(BINDINGS_SECONDS + settings.timeout, every=settings.period)
        inspected = Pace(5 * settings.timeout, every=settings.inspect_period, longest_rest=60.0)
        stored = Pace(15.0, every=settings.results_period, longest_rest=60.0)
        self.ping = Question("broker PING", ask(self._quick, lambda redis: redis.ping()), quick)
        self.lengths = Question("broker queue lengths", ask(self._quick, self._lengths), quick)
        self.ages = Question("broker oldest messages", ask(self._quick, self._look), often)
        self.bindings = Question("broker bindings", ask(self._slow, self._bindings), found)
        self.inspected = Question("worker inspection", ask(self._slow, self._inspect), inspected)
        self.results = Question(
            "result backend",
            ask(self._store, lambda redis: results(redis, settings.key_prefix, settings.results_sample)),
            stored,
        )

    def open(self) -> None:
        """Begin to listen to events."""
        if self.receiver is not None:
            self.receiver.start()

    async def close(self) -> None:
        """Stop listening and close the connections."""
        if self._inspecting is not None:
            await asyncio.gather(self._inspecting, return_exceptions=True)
        if self.receiver is not None:
            await asyncio.to_thread(self.receiver.stop)
        for client in (self._quick, self._slow, self._store):
            if client is not None:
                await client.aclose()

    def listening(self) -> Receiver:
        """The receiver while events reach it. Raises NotConfigured without a broker, Refused otherwise."""
        if self.receiver is None:
            raise NotConfigured("broker events are not configured")
        if not self.hears():
            raise Refused("broker events do not arrive; expected an open subscription")
        return self.receiver

    def hears(self) -> bool:
        """Whether worker events reach us now."""
        return self.receiver is not None and self.receiver.listening_since(time.time()) is not None

    def workers_up(self) -> dict[str, bool | None]:
        """Whether each worker heard of lately is up; None where that cannot be known now."""
        if self.receiver is None:
            return {}
        now = time.time()
        since, workers = self.receiver.listening_since(now), self.receiver.workers
        return {name: workers.up(worker, since, now) for name, worker in workers.all().items()}

    def count_up(self) -> int | None:
        """How many workers are up, None when that cannot be known now."""
        since = None if self.receiver is None else self.receiver.listening_since(time.time())
        if since is None:
            return None
        return count_up(self.workers_up(), time.time() - since > self.settings.worker_timeout)

    async def queues(self) -> tuple[QueueView, ...]:
        """Every queue as of now, in one round trip. Raises SourceError."""
        found = await self.lengths.answer()
        await self.ages.works()
        inspected = self._inspected_lately()
        up, alive = self.workers_up(), self.count_up()
        if inspected is not None:
            self._ask_newcomers(unasked(inspected, up))
        return tuple(
            QueueView(name, length, self._age(name, length), consumers(name, inspected, up, alive))
            for name, length in found.queues.items()
        )

    def known_queues(self) -> tuple[str, ...]:
        """The queues named in the settings, then those found since, in bounded number."""
        sent = self.receiver.tasks.queues.copy() if self.receiver else {}
        others = [queue for queue in (*self._found, *sent) if queue not in self.settings.queues]
        return (*self.settings.queues, *list(dict.fromkeys(others))[: self.settings.found_queues])

    async def observed(self) -> BrokerView:
        """All that is observed of the workers at this moment. Raises NotConfigured without a broker."""
        answers = await self.ping.works()
        queues, unacked = None, None
        with suppress(SourceError):
            queues = await self.queues()
            unacked = (await self.lengths.answer()).unacked
        receiver, now = self.receiver, time.time()
        listening = self.hears()
        finished, failed = receiver.outcomes(now) if receiver and listening else (None, None)
        return BrokerView(
            answers=answers,
            listening=listening,
            workers_up=self.count_up(),
            queues=queues,
            unacked=unacked,
            last_task_event=receiver.last_task_event if receiver else None,
            finished=finished,
            failed=failed,
            window=self.settings.failure_window,
        )

    def _inspected_lately(self) -> dict[str, Inspected] | None:
        # never waited for: inspection takes a second, and this is asked four times in one
        answered, failed = self.inspected.answered_at, self.inspected.error is not None
        if failed or answered is None or time.time() - answered > self.inspected.pace.stale_after():
            return None
        return self._answers

    def _age(self, queue: str, length: int) -> float | None:
        return 0.0 if length == 0 else self.tails.age(self.keys.lists(queue))

    def _ask_newcomers(self, names: set[str]) -> None:
        # each newcomer is asked about once; one that never answers is left to the usual period
        if names <= self._asked_about or (self._inspecting is not None and not self._inspecting.done()):
            return
        self._asked_about = names
        self._inspecting = asyncio.create_task(self.inspected.ask_now(), name="ask newcomers")

    async def _lengths(self, redis: Redis) -> Lengths:
        found = await lengths(redis, self.keys, self.known_queues())
        self.movement.note(found)
        self.tails.keep(found.filled)
        return found

    async def _look(self, redis: Redis) -> None:
        await self.tails.look(redis, (await self.lengths.answer()).filled)

    async def _bindings(self, redis: Redis) -> None:
        self._find(await bound_queues(redis, self.settings, BINDINGS_SECONDS))

    async def _inspect(self, redis: Redis) -> dict[str, Inspected]:
        self._answers = await inspect(redis, self.settings, self.database)
        self._find({queue for worker in self._answers.values() for queue in worker.queues})
        return self._answers

    def _find(self, queues: Iterable[str]) -> None:
        for queue in sorted(queues):
            if len(self._found) < self.settings.found_queues:
                self._found.setdefault(queue)

    def _sent_at(self, task_id: str | None) -> float | None:
        return None if self.receiver is None else self.receiver.tasks.sent_at(task_id)


def database_of(client: Redis | None) -> int:
    """The number of the database that the client's URL names."""
    number = client.connection_pool.connection_kwargs.get("db") if client is not None else None
    return int(number or 0)


def ask(client: Redis | None, question: Callable[[Redis], Awaitable[T]]) -> Callable[[], Awaitable[T]] | None:
    """The question as put to this server; None without one."""
    if client is None:
        return None

    async def run() -> T:
        try:
            return await question(client)
        except RedisError as error:
            raise said("broker", error) from None

    return run
