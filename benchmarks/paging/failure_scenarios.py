"""What must not lose or falsify a page: a storm, an absent Alertmanager, a restarted Prometheus."""

import time

import redis

from benchmarks.paging.breaches import QUEUE, critical
from benchmarks.paging.breaches import queue as queue_breach
from benchmarks.paging.testbed import Testbed
from benchmarks.paging.trial import arrival, figures
from tests.alertmanager.alertmanager_process import push
from tests.servers.prometheus_server import AlertmanagerServer
from tests.servers.waiting import eventually

STORM = 400
# four times the resend delay after which Alertmanager takes an alert for over
SILENCE = 25.0
Row = tuple[str, ...]


def storm(testbed: Testbed) -> Row:
    """400 alerts at once, each a page of its own."""
    labels = [
        {**critical("WorkerQueueLong"), "lane": "fast", "queue_name": f"storm-{n}"} for n in range(STORM)
    ]
    began = time.monotonic()
    push(pager(testbed), labels)
    eventually(lambda: len(notified_alerts(testbed)) >= STORM, within=30)
    last = max(notification.at for notification in testbed.inbox.notifications) - began
    push(pager(testbed), labels, resolved=True)
    return (
        f"storm of {STORM} alerts",
        f"{len(notified_alerts(testbed))} told",
        f"the last after {1000 * last:.0f} ms",
    )


def notified_alerts(testbed: Testbed) -> set[str]:
    """The queues of the storm that were told of."""
    names = {it["labels"].get("queue_name", "") for it in testbed.inbox.alerts()}
    return {name for name in names if name.startswith("storm-")}


def absent_alertmanager(testbed: Testbed, times: int) -> Row:
    """A breach while Alertmanager is down: from its return to the page."""
    waits = []
    breach = queue_breach(testbed)[0]
    for _ in range(times):
        eventually(breach.ready, within=60)
        testbed.alertmanager.stop()
        breach.cause()
        eventually(lambda: testbed.query(f'ALERTS{{alertname="WorkerQueueLong",queue_name="{QUEUE}"}}'))
        time.sleep(2)
        since = time.monotonic()
        testbed.alertmanager.start()
        page = arrival(testbed.inbox, breach.alert, "firing", since)
        waits.append(float("inf") if page is None else page - since)
        breach.mend()
        arrival(testbed.inbox, breach.alert, "resolved", since)
    median, _, most = figures(waits)
    return (
        "Alertmanager down during a breach",
        f"{times} times",
        f"page {median} ms after its start, {most} ms at most",
    )


def restarted_prometheus(testbed: Testbed, times: int) -> Row:
    """Prometheus started anew while something is broken: no notice that it is over."""
    false_ends, gone = 0, 0.0
    breach = queue_breach(testbed)[0]
    for _ in range(times):
        eventually(breach.ready, within=60)
        since = time.monotonic()
        breach.cause()
        arrival(testbed.inbox, breach.alert, "firing", since)
        away = time.monotonic()
        testbed.prometheus.stop()
        testbed.prometheus.start()
        gone = max(gone, time.monotonic() - away)
        time.sleep(SILENCE)
        false_ends += any(
            notification.at > away
            and it["status"] == "resolved"
            and breach.alert.items() <= it["labels"].items()
            for notification in testbed.inbox.notifications
            for it in notification.body["alerts"]
        )
        breach.mend()
        arrival(testbed.inbox, breach.alert, "resolved", away)
    return (
        "Prometheus restarted during a breach",
        f"{times} times",
        f"{false_ends} false ends ({gone:.1f} s away at most)",
    )


def pager(testbed: Testbed) -> AlertmanagerServer:
    """The running Alertmanager, to push to."""
    it = AlertmanagerServer.__new__(AlertmanagerServer)
    it.url = testbed.alertmanager_url
    return it


def clear_inbox(testbed: Testbed) -> None:
    """Forget what was pushed."""
    with redis.Redis.from_url(testbed.redis.database(0)) as client:
        client.delete(QUEUE)
