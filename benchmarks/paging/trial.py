"""One kind of breach, caused again and again at random moments, and timed until its page and its end."""

import random
import statistics
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import inf

from benchmarks.quantiles import quantile
from tests.alertmanager.inbox import Inbox
from tests.servers.waiting import eventually

PATIENCE = 40.0
# seconds after the end of an alert within which Alertmanager forgets its group (its maintenance, every 30 s):
# a breach sooner than that waits for the next group_interval, one after calm does not
FORGOTTEN = 31.0
Moment = Callable[[], float]


@dataclass
class Times:
    """Seconds to the page from significance and from its first event; from its end to the notice."""

    to_page: list[float] = field(default_factory=list)
    from_first: list[float] = field(default_factory=list)
    to_end: list[float] = field(default_factory=list)
    lost: int = 0

    def row(self, name: str) -> tuple[str, ...]:
        """The figures of one alert."""
        late = sum(seconds > 1 for seconds in self.to_page)
        return (
            name, str(len(self.to_page) + self.lost), *figures(self.to_page),
            f"{late} of {len(self.to_page)}", str(self.lost), *figures(self.from_first)[:2],
            *figures(self.to_end)[:2],
        )  # fmt: skip


@dataclass(frozen=True)
class Breach:
    """How to cause it, when it really began, how to mend it, and which page must come."""

    name: str
    alert: Mapping[str, str]
    cause: Callable[[], object]
    began: Moment  # when it could be told from chance; asked once the page has come
    mend: Callable[[], object]
    ready: Callable[[], bool] = lambda: True
    ended: Callable[[], float] | None = None
    first: Moment | None = None  # its first event, where that alone proves nothing


def figures(seconds: Sequence[float]) -> tuple[str, str, str]:
    """Median, 95th percentile and maximum in milliseconds."""
    if not seconds:
        return ("", "", "")
    high = quantile(seconds, 0.95)
    return tuple(f"{1000 * it:.0f}" for it in (statistics.median(seconds), high, max(seconds)))  # type: ignore[return-value]  # of three


def attempt(breaches: Sequence[Breach], inbox: Inbox, times: int) -> dict[str, Times]:
    """The same cause for each of these breaches, this many times; figures for each."""
    found = {breach.name: Times() for breach in breaches}
    first, ended = breaches[0], -inf
    for _ in range(times):
        eventually(lambda: all(it.ready() for it in breaches), within=90)
        time.sleep(max(ended + FORGOTTEN - time.monotonic(), 0))
        time.sleep(random.random())  # noqa: S311  (a phase, no secret)
        since = time.monotonic()
        first.cause()
        pages = {it.name: arrival(inbox, it.alert, "firing", since) for it in breaches}
        for it in breaches:
            page = pages[it.name]
            if page is None:
                found[it.name].lost += 1
            else:
                found[it.name].to_page.append(page - it.began())
                found[it.name].from_first.append(page - (it.first or it.began)())
        mended = time.monotonic()
        first.mend()
        mended = first.ended() if first.ended else mended
        for it in breaches:
            if pages[it.name] and (end := arrival(inbox, it.alert, "resolved", mended)):
                found[it.name].to_end.append(end - mended)
        ended = time.monotonic()
    return found


def arrival(inbox: Inbox, labels: Mapping[str, str], status: str, since: float) -> float | None:
    """When the first such notice after this moment came; None when none did in time."""

    def came() -> float | None:
        for notification in inbox.notifications:
            if notification.at >= since and any(
                fits(it, labels, status) for it in notification.body["alerts"]
            ):
                return notification.at
        return None

    try:
        return eventually(came, within=PATIENCE)
    except AssertionError:
        return None


def fits(alert: Mapping[str, object], labels: Mapping[str, str], status: str) -> bool:
    """Whether a told alert is the one that is meant."""
    theirs = alert["labels"]
    assert isinstance(theirs, dict)  # noqa: S101  (Alertmanager's own shape)
    return alert["status"] == status and labels.items() <= theirs.items()


def side_by_side(*trials: Callable[[], dict[str, Times]]) -> dict[str, Times]:
    """Trials that do not disturb each other, at the same time."""
    found: dict[str, Times] = {}
    failed: list[BaseException] = []

    def run(trial: Callable[[], dict[str, Times]]) -> None:
        try:
            found.update(trial())
        except BaseException as error:  # noqa: BLE001  (raised again below, in the one thread that is heard)
            failed.append(error)

    threads = [threading.Thread(target=run, args=(trial,)) for trial in trials]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failed:
        raise failed[0]
    return found
