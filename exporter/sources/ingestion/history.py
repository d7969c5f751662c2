"""Counters from a history of bounded length: each entry counts when it first appears."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Sequence

from exporter.metrics import HistogramData
from exporter.sources.ingestion.models import IngestionJob, JobHistory, JobTotals
from exporter.sources.ingestion.parsing import parse_job, parse_json_object
from exporter.sources.json_object import JsonObject

END_STATES = ("complete", "failed", "skipped", "other")
ACTIVE_STATES = ("queued", "running")  # an entry may appear when its job is submitted
MAX_REMEMBERED = 5000  # names of jobs that were counted
BUCKETS = (1.0, 5.0, 15.0, 30.0, 60.0, 120.0, 300.0, 600.0, 1800.0, 3600.0)


class JobHistoryCounter:
    """Counts the jobs that join a list whose old entries leave, each once, after its end.

    The entries of the first poll do not count: after a restart of the exporter they would look new.
    """

    def __init__(
        self, states: Sequence[str] = END_STATES, read: Callable[[JsonObject], IngestionJob] = parse_job
    ) -> None:
        self._read = read
        self._entries: Counter[str] | None = None
        self._counted: dict[str, None] = {}  # jobs that have a name
        self._ended: Counter[str] = Counter(dict.fromkeys(states, 0))
        self._files = self._embeddings = self._seconds = 0.0
        self._by_size = [0] * (len(BUCKETS) + 1)

    def update(self, texts: Iterable[str]) -> JobHistory:
        """The present window, and the totals so far."""
        entries = Counter(texts)
        read = {text: self._read(parse_json_object(text, "ingestion history")) for text in entries}
        if self._entries is None:
            self._remember(read.values())
        for text in (entries - self._entries).elements() if self._entries is not None else ():
            self._count(read[text])
        self._entries = entries
        jobs = [read[text] for text in entries.elements()]
        return JobHistory(tuple(job for job in jobs if job.state not in ACTIVE_STATES), self._totals())

    def _remember(self, jobs: Iterable[IngestionJob]) -> None:
        for one in jobs:
            if one.name and one.state not in ACTIVE_STATES:
                self._counted[one.name] = None
        while len(self._counted) > MAX_REMEMBERED:
            del self._counted[next(iter(self._counted))]

    def _count(self, one: IngestionJob) -> None:
        if one.state in ACTIVE_STATES or one.name in self._counted:
            return
        self._remember([one])
        self._ended[one.state if one.state in self._ended else "other"] += 1
        self._files += one.files or 0
        self._embeddings += one.embeddings or 0
        if one.seconds is not None:
            self._seconds += one.seconds
            self._by_size[bisect_left(BUCKETS, one.seconds)] += 1

    def _totals(self) -> JobTotals:
        cumulative, so_far = {}, 0.0
        for bound, count in zip(BUCKETS, self._by_size, strict=False):
            so_far += count
            cumulative[bound] = so_far
        durations = HistogramData(cumulative, self._seconds, float(sum(self._by_size)))
        return JobTotals(dict(self._ended), self._files, self._embeddings, durations)
