"""Brings new notices to all open streams, with one query for all of them; none while no stream is open."""

import asyncio
import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

from ingestion_api.alerts.feed import IncidentChange, IncidentFeed
from ingestion_api.errors import TooManyRequests
from ingestion_api.networks import client_network
from ingestion_api.notices.event_stream import notice_event
from ingestion_api.notices.journal import last_notice_id, newest_notices, next_notices
from ingestion_api.store import Store

log = logging.getLogger(__name__)

POLL_INTERVAL = 0.25  # seconds; what this process itself commits is brought at once
RETRY_INTERVAL = 2.0  # seconds between two polls of a database that does not respond
AT_ONCE = 500
MAX_WAITING = 2_000  # notices that one stream has not sent yet
MAX_CAUGHT_UP = 100  # the newest ones that a stream begins with
RETRY_AFTER = 30  # seconds
Message = tuple[int, str]  # a notice's id and its event


@dataclass(frozen=True)
class StreamLimits:
    """How many streams may be open, in all and for each address."""

    total: int
    per_address: int


class NoticeStream:
    """The notices for one page. A page that takes them too slowly loses its stream, and connects again."""

    def __init__(self, network: str, leave: Callable[["NoticeStream"], None]) -> None:
        self.network = network
        self.ended = False
        self._leave = leave
        self._waiting: list[Message] = []
        self._changed = asyncio.Event()

    async def next(self, seconds: float) -> Sequence[Message]:
        """The notices since the last call; none after so many seconds, or when the stream has ended."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        self._changed.clear()
        found, self._waiting = self._waiting, []
        return found

    def put(self, messages: Sequence[Message]) -> None:
        """Add notices."""
        self._waiting += messages
        if len(self._waiting) > MAX_WAITING:
            self.end()
        self._changed.set()

    def end(self) -> None:
        """Give it nothing more."""
        self.ended = True
        self._waiting = []
        self._changed.set()

    def close(self) -> None:
        """Make room for another; it may be called more than once."""
        self._leave(self)


class NoticeHub:
    """All open streams of this process. It belongs to one event loop."""

    def __init__(self, store: Store, feed: IncidentFeed, limits: StreamLimits) -> None:
        self._store = store
        self._feed = feed
        self._limits = limits
        self._streams: dict[NoticeStream, None] = {}
        self._last = 0
        self._ready = asyncio.Event()
        self._wake = asyncio.Event()
        self._woken = threading.Event()
        self._task: asyncio.Task[None] | None = None

    def __len__(self) -> int:
        """How many streams are open."""
        return len(self._streams)

    def open(self, address: str) -> NoticeStream:
        """A stream, to be closed at the end; TooManyRequests when there is no room for it."""
        network = client_network(address)
        open_by_network = Counter(it.network for it in self._streams)
        if open_by_network[network] >= self._limits.per_address or not self._has_room(
            network, open_by_network
        ):
            raise TooManyRequests("Too many pages have live notices open; try again later.", RETRY_AFTER)
        stream = NoticeStream(network, self._forget)
        self._streams[stream] = None
        if self._task is None:
            self._task = asyncio.create_task(self._run())
        return stream

    def _has_room(self, newcomer: str, open_by_network: Counter[str]) -> bool:
        """Whether there is room for one more: of the network with most streams, if need be, the oldest goes.

        So one person with a few addresses shuts out nobody else.
        """
        if len(self) < self._limits.total:
            return True
        crowded, number = open_by_network.most_common(1)[0]
        if number < open_by_network[newcomer] + 2:
            return False
        oldest = next(it for it in self._streams if it.network == crowded)
        oldest.end()
        self._forget(oldest)
        return True

    async def catch_up(self, after: int | None) -> tuple[Sequence[Message], int, bool]:
        """The newest notices after an id, the id to go on from, and whether older ones are left out."""
        await self._ready.wait()
        return await run_in_threadpool(self._read_missed, after)

    def _read_missed(self, after: int | None) -> tuple[Sequence[Message], int, bool]:
        with self._store.read() as session:
            last = last_notice_id(session)
            if after is None or after >= last:
                # an id beyond the last is that of another database
                return (), last, False
            found = newest_notices(session, MAX_CAUGHT_UP + 1, after)
        messages = [(it.id, notice_event(it)) for it in reversed(found[:MAX_CAUGHT_UP])]
        return messages, max(last, found[0].id), len(found) > MAX_CAUGHT_UP

    def _forget(self, stream: NoticeStream) -> None:
        self._streams.pop(stream, None)
        if not self._streams:
            self._wake.set()

    async def _run(self) -> None:
        unsubscribe = self._feed.subscribe(self._wake_up(asyncio.get_running_loop()))
        try:
            while self._streams:
                more = await self._poll()
                if not more:
                    await self._pause(POLL_INTERVAL)
        except Exception:
            log.exception("the live notices ended unexpectedly")
        finally:
            unsubscribe()
            self._ready.clear()
            self._task = None
            for stream in self._streams:
                stream.end()

    async def _poll(self) -> bool:
        """Bring what is new to all streams; whether there may be more."""
        try:
            if not self._ready.is_set():
                self._last = await run_in_threadpool(self._read_last)
                self._ready.set()
                return False
            found = await run_in_threadpool(self._read_next)
        except SQLAlchemyError as error:
            log.warning("no live notices: the database fails (%s)", type(error).__name__)
            await self._pause(RETRY_INTERVAL)
            return False
        if found:
            self._last = found[-1][0]
            for stream in self._streams:
                stream.put(found)
        return len(found) == AT_ONCE

    def _read_last(self) -> int:
        with self._store.read() as session:
            return last_notice_id(session)

    def _read_next(self) -> Sequence[Message]:
        with self._store.read() as session:
            return [(it.id, notice_event(it)) for it in next_notices(session, self._last, AT_ONCE)]

    async def _pause(self, seconds: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._wake.wait()
        self._wake.clear()
        self._woken.clear()

    def _wake_up(self, loop: asyncio.AbstractEventLoop) -> Callable[[IncidentChange], None]:
        def wake(_change: IncidentChange) -> None:
            # a storm of changes wakes the loop once
            if not self._woken.is_set():
                self._woken.set()
                loop.call_soon_threadsafe(self._wake.set)

        return wake
