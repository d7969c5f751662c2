"""Tracks tasks by their events and counts what happens to them.

Only sent and received events name the task, and only sent events name its queue, so the tracker keeps both
until the task has ended. A sent event may arrive after all other events of the same task: it comes from
another publisher, and a busy client publishes it when the worker is done already. So the first task of a name
waits a moment for it before it is counted.
"""

from collections import deque
from math import inf

from exporter.sources.broker.task_counters import UNKNOWN, TaskCounters, TaskCounts, exception_class
from exporter.sources.broker.tasks_in_flight import Event, EventHandler, TasksInFlight, TrackedTask
from exporter.sources.broker.workers import BrokerWorkers
from exporter.sources.json_object import unix_seconds

SKEW_WINDOW = 60.0
MIN_SKEW = 1.0  # seconds; a smaller delay is travel time, no skew
MAX_SKEW = 1e9  # seconds, thirty years; a larger skew is an invalid timestamp
MAX_HOSTS = 1000
SENT_EVENT_WAIT = 1.0  # seconds
MAX_UNASSIGNED = 1000  # tasks that may wait for a sent event at a time
MALFORMED_ERRORS = (
    ValueError,
    TypeError,
    KeyError,
    AttributeError,
    LookupError,
    OverflowError,
    RecursionError,
)
TASK_TTL = 6 * 3600.0


class ClockSkew:
    """Corrects a host's timestamps by its clock skew: the shortest recent delay, if too long for a delay."""

    def __init__(self) -> None:
        self._shortest: dict[str, list[float]] = {}  # in this window and in the one before
        self._turned_at = 0.0

    def to_local_time(self, node: str, timestamp: float, now: float) -> float:
        """A timestamp of `node` (as in celery@host) on the exporter's clock, in Unix seconds."""
        host = node.rpartition("@")[2]
        shortest = self._shortest.get(host)
        if shortest is None:
            if len(self._shortest) >= MAX_HOSTS:
                return timestamp
            shortest = self._shortest[host] = [inf, inf]
        delay = now - timestamp
        if -MAX_SKEW < delay < shortest[0]:
            shortest[0] = delay
        offset = min(shortest)
        return timestamp + offset if MIN_SKEW < abs(offset) < MAX_SKEW else timestamp

    def rotate(self, now: float) -> None:
        """Start a new window when one is over, so that a corrected clock is noticed."""
        if now - self._turned_at < SKEW_WINDOW:
            return
        self._turned_at = now
        for host, (shortest, before) in list(self._shortest.items()):
            if shortest == before == inf:
                del self._shortest[host]
            else:
                self._shortest[host] = [inf, shortest]


class TaskTracker:
    """Tracks tasks by their events. Only the receiver's thread calls it; others read the counters."""

    def __init__(self, tallies: TaskCounters, most: int, workers: BrokerWorkers) -> None:
        self.counters = tallies
        self.clocks = ClockSkew()
        self.events = 0
        self.finished = 0
        self.failed = 0
        self.undecodable = 0  # postponed events that were malformed
        self.queues: dict[str, None] = {}  # named by sent events
        self._workers = workers
        self._in_flight = TasksInFlight(most)
        self._unassigned: deque[tuple[float, TrackedTask]] = deque()
        self._routes: dict[str, str] = {}  # the queue that each task last went to

    def handlers(self) -> dict[str, EventHandler]:
        """The handler of each type of event."""
        return {
            "task-sent": self._sent,
            "task-received": self._received,
            "task-started": self._postponed_until_assigned(self._started),
            "task-succeeded": self._postponed_until_assigned(self._succeeded),
            "task-failed": self._postponed_until_assigned(self._failed),
            "task-retried": self._postponed_until_assigned(self._retried),
            "task-rejected": self._postponed_until_assigned(self._rejected),
            "task-revoked": self._postponed_until_assigned(self._revoked),
        }

    def sent_at(self, task_id: str | None) -> float | None:
        """When a task was sent that has not ended yet, in Unix seconds."""
        return self._in_flight.sent_at(task_id or "")

    def remember_queue(self, name: str, queue: str) -> None:
        """Remember that this task goes to this queue."""
        if name in self._routes or len(self._routes) < 2000:
            self._routes[name] = queue

    def tick(self, now: float) -> None:
        """Count tasks that waited long enough for a sent event, drop tasks that never ended."""
        while self._unassigned and self._unassigned[0][0] < now - SENT_EVENT_WAIT:
            self._release_oldest()
        self._in_flight.expire(now - TASK_TTL)
        self.clocks.rotate(now)

    def pack(self) -> None:
        """Pack idle tasks to save memory; call it after a few hundred events."""
        self._in_flight.pack()

    def _sent(self, event: Event, now: float) -> None:
        at = due_time(event, self.clocks.to_local_time(event["hostname"], event["timestamp"], now))
        task = self._task(event, now)
        queue = event.get("queue") or event.get("routing_key") or UNKNOWN
        self.remember_queue(task.name, queue)
        if len(self.queues) < 200:
            self.queues.setdefault(queue)
        if task.started_at is not None and task.sent_at is None and at <= task.started_at:
            tally = self._assign_queue(task, queue)
            # the event came late, the start did not
            self.counters.on_host(tally, task.host or UNKNOWN).wait.add(task.started_at - at)
        else:
            task.sent_at = at  # before the postponed start is counted, which reads it
            tally = self._assign_queue(task, queue)
        # by machine: each process of a client is a node of its own
        self.counters.on_host(tally, event["hostname"].rpartition("@")[2]).sent += 1

    def _received(self, event: Event, now: float) -> None:
        task = self._task(event, now)
        self._workers.record_received(event, task.name, due_time(event, now), now)
        task.host = event["hostname"]
        if task.counts is not None:
            self.counters.on_host(task.counts, task.host).received += 1
            return
        task.unassigned += 1
        self._unassigned.append((now, task))
        if len(self._unassigned) > MAX_UNASSIGNED:
            self._release_oldest()

    def _postponed_until_assigned(self, handle: EventHandler) -> EventHandler:
        def handle_or_postpone(event: Event, now: float) -> None:
            task = self._in_flight.find(event["uuid"])
            if task is None or task.counts is not None or not task.unassigned or task.name in self._routes:
                handle(event, now)
            else:
                task.postponed = task.postponed or []
                task.postponed.append((handle, event, now))

        return handle_or_postpone

    def _started(self, event: Event, now: float) -> None:
        task = self._task(event, now)
        node = event["hostname"]
        tally = self.counters.on_host(task.counts or self._assign_queue(task), node)
        tally.started += 1
        task.host = node
        self._workers.record_started(event, now)
        task.started_at = self.clocks.to_local_time(node, event["timestamp"], now)
        if task.sent_at is not None:
            # a skew below MIN_SKEW may make it slightly negative
            tally.wait.add(max(task.started_at - task.sent_at, 0.0))

    def _succeeded(self, event: Event, now: float) -> None:
        tally = self._end(event, now)
        tally.succeeded += 1
        self.finished += 1
        runtime = event.get("runtime")
        if runtime is not None:
            tally.runtime.add(runtime)

    def _failed(self, event: Event, now: float) -> None:
        exception = exception_class(event)
        # a task that rejects itself sends two events, failed and then rejected
        tally = self._run(event, now) if exception == "Reject" else self._end(event, now)
        self.counters.count_failure(tally, exception)
        self.finished += 1
        self.failed += 1

    def _retried(self, event: Event, now: float) -> None:
        self._run(event, now).retried += 1

    def _rejected(self, event: Event, now: float) -> None:
        comes_back = event.get("requeue")
        (self._run(event, now) if comes_back else self._end(event, now)).rejected += 1

    def _revoked(self, event: Event, now: float) -> None:
        self._end(event, now).revoked += 1

    def _run(self, event: Event, now: float) -> TaskCounts:
        task = self._task(event, now)
        self._workers.record_ended(event, now)
        task.started_at = None  # a retry starts anew
        return self.counters.on_host(task.counts or self._assign_queue(task), event["hostname"])

    def _end(self, event: Event, now: float) -> TaskCounts:
        self.events += 1
        self._workers.record_ended(event, now)
        task = self._in_flight.pop(event["uuid"]) or TrackedTask(b"", UNKNOWN, now)
        return self.counters.on_host(task.counts or self._assign_queue(task), event["hostname"])

    def _task(self, event: Event, now: float) -> TrackedTask:
        self.events += 1
        task_id = event["uuid"]
        task = self._in_flight.find(task_id)
        if task is None:
            name = event.get("name") or UNKNOWN
            if not isinstance(name, str):
                raise TypeError("not a name")
            task = self._in_flight.add(task_id, name, now)
        return task

    def _assign_queue(self, task: TrackedTask, queue: str | None = None) -> TaskCounts:
        tally = self.counters.for_task(task.name, queue or self._routes.get(task.name, UNKNOWN))
        if task.unassigned:
            self.counters.on_host(tally, task.host).received += task.unassigned
        task.unassigned, task.counts = 0, tally
        self._in_flight.mark_assigned(task)
        postponed, task.postponed = task.postponed, None
        for handle, event, now in postponed or ():
            try:
                handle(event, now)
            except MALFORMED_ERRORS:
                self.undecodable += 1
        return tally

    def _release_oldest(self) -> None:
        task = self._unassigned.popleft()[1]
        if not task.unassigned:
            return
        if task.name not in self._routes:
            self.remember_queue(
                task.name, UNKNOWN
            )  # no client sends sent events, so the next task need not wait
        self._assign_queue(task)


def due_time(event: Event, sent: float) -> float:
    """When the task may start: when sent, or at its ETA (a countdown or a retry)."""
    eta = event.get("eta")
    return sent if eta is None else max(unix_seconds(eta) or sent, sent)
