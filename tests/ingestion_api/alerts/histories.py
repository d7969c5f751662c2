"""A real Alertmanager, the real service, a sender of alerts, and what the service must know of them."""

import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx2

from tests.ingestion_api.processes import AUTHORIZED, TOKEN, ServiceProcess, environment
from tests.servers.prometheus_server import AlertmanagerServer

Json = dict[str, Any]
SETTLING = 2.0  # seconds after a start of Alertmanager in which the service ends nothing
EXACT = timedelta(milliseconds=5)
RESEND = 0.3


@dataclass
class Interval:
    """One true interval of an alert; `restarts` are the starts that a restarted sender wrote."""

    start: datetime
    end: datetime | None = None
    restarts: list[datetime] = field(default_factory=list)
    must_be_known: bool = False


class Sender:
    """What Prometheus does: it sends what fires again and again, and for a while what has ended."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self.alerts: dict[tuple[str, ...], tuple[Json, Interval]] = {}
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def send(self) -> None:
        """Send everything once; nothing where Alertmanager is away."""
        # one at a time, or what fires could arrive after its end, and Alertmanager would take both for one
        with self._lock, suppress(httpx2.HTTPError):
            body = [self._alert(labels, it) for labels, it in self.alerts.values()]
            httpx2.post(f"{self._url}/api/v2/alerts", json=body, timeout=5).raise_for_status()

    def set(self, labels: Json, interval: Interval) -> None:
        """Let an alert fire, or end."""
        with self._lock:
            self.alerts[tuple(labels.values())] = (labels, interval)
        self.send()

    def forget(self) -> None:
        """Send nothing of a former history any more."""
        with self._lock:
            self.alerts.clear()

    def stop(self) -> None:
        """End the thread."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(RESEND):
            self.send()

    def _alert(self, labels: Json, it: Interval) -> Json:
        start = it.restarts[-1] if it.restarts else it.start
        end = it.end or now() + timedelta(minutes=2)
        return {"labels": labels, "startsAt": start.isoformat(), "endsAt": end.isoformat()}


def now() -> datetime:
    """The time in UTC, with the digits that Alertmanager keeps."""
    moment = datetime.now(UTC)
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


@dataclass
class World:
    """An Alertmanager, the service and a sender."""

    alertmanager: AlertmanagerServer
    service: ServiceProcess
    sender: Sender
    up_since: datetime = field(default_factory=now)

    def incidents(self, run: str) -> list[Json]:
        """The incidents of a history, the oldest start first."""
        found: list[Json] = []
        asked = {"limit": "500", "label": f"run={run}"}
        while True:
            address = f"{self.service.url}/api/v1/alerts"
            page = self._page(address, asked)
            found += [it for it in page["alerts"] if it["labels"].get("run") == run]
            if not page["next_cursor"]:
                break
            asked["before"] = page["next_cursor"]
        return sorted(found, key=lambda it: str(it["starts_at"]))

    @staticmethod
    def _page(address: str, asked: Mapping[str, str]) -> Json:
        try:
            page: Json = httpx2.get(address, params=asked, headers=AUTHORIZED, timeout=10).json()
        except httpx2.TransportError as error:
            # not yet
            raise ConnectionError(str(error)) from None
        return page

    def silence(self, labels: Json) -> str:
        """Silence an alert; the id of the silence."""
        matchers = [
            {"name": name, "value": value, "isRegex": False, "isEqual": True}
            for name, value in labels.items()
        ]
        times = {"startsAt": now().isoformat(), "endsAt": (now() + timedelta(hours=1)).isoformat()}
        body = {"matchers": matchers, "createdBy": "test", "comment": "test", **times}
        answer = httpx2.post(f"{self.alertmanager.url}/api/v2/silences", json=body)
        return str(answer.raise_for_status().json()["silenceID"])

    def unsilence(self, silence: str) -> None:
        """End a silence."""
        httpx2.delete(f"{self.alertmanager.url}/api/v2/silence/{silence}").raise_for_status()

    def start_all(self) -> None:
        """Start what is not running."""
        for server in (self.alertmanager, self.service):
            if not server.running:
                server.start()
                self.up_since = now()
        self.sender.send()


@contextmanager
def world(folder: Path, redis_url: str, group_by: str = "...") -> Iterator[World]:
    """A service that polls twice a second, and an Alertmanager that notifies at once."""
    alertmanager = AlertmanagerServer(folder, "")
    env = environment(
        folder / "run", redis_url, alertmanager_url=alertmanager.url, alertmanager_period=0.5,
        alertmanager_settling=SETTLING,
        # each alert of a storm is a call of its own, and the tests come from the same address
        connections=2_000, connections_per_address=1_500,
    )  # fmt: skip
    service = ServiceProcess(folder / "service.log", env)
    hook = {
        "url": f"{service.url}/api/v1/alerts/webhook",
        "http_config": {"authorization": {"credentials": TOKEN}},
        "send_resolved": True,
    }
    config = {
        "route": {
            "receiver": "watchroom", "group_by": [group_by], "group_wait": "0s", "group_interval": "200ms",
            "repeat_interval": "1h",
        },
        "inhibit_rules": [
            {
                "source_matchers": ['role="cause"'], "target_matchers": ['role="effect"'],
                "equal": ["run", "pair"],
            }
        ],
        "receivers": [{"name": "watchroom", "webhook_configs": [hook]}],
    }  # fmt: skip
    alertmanager.configure(config)
    sender = Sender(alertmanager.url)
    try:
        alertmanager.start()
        service.start()
        yield World(alertmanager, service, sender)
    finally:
        sender.stop()
        service.stop(within=3)
        alertmanager.stop(within=3)


def flaws(intervals: list[Interval], incidents: list[Json], up_since: datetime) -> list[str]:
    """What the service has wrong of one alert, in one sentence each."""
    found = []
    for it in incidents:
        owner = next((true for true in intervals if starts_within(it, true)), None)
        if owner is None:
            found.append(f"an incident that never was: {brief(it)}")
        elif problem := end_flaw(it, owner, intervals, up_since):
            found.append(f"{problem}: {brief(it)}, truly {owner}")
    for true in intervals:
        count = sum(starts_within(it, true) for it in incidents)
        if count > 1 + len(true.restarts):
            found.append(f"{count} incidents for {true}")
        if count == 0 and (true.must_be_known or true.end is None):
            found.append(f"no incident for {true}")
    return found


def starts_within(incident: Json, true: Interval) -> bool:
    """Whether an incident begins when this interval did, or its sender was restarted."""
    return any(abs(moment(incident, "starts_at") - start) < EXACT for start in (true.start, *true.restarts))


def end_flaw(incident: Json, true: Interval, intervals: list[Interval], up_since: datetime) -> str:
    """What is wrong with the end of an incident."""
    if incident["status"] == "firing":
        return "" if true.end is None else "fires although it has ended"
    end = moment(incident, "ends_at")
    if incident["suppression"]:
        return "has ended and is suppressed"
    if incident["end_known_by"] == "superseded":
        starts = [start for it in intervals for start in (it.start, *it.restarts)]
        known = any(abs(end - start) < EXACT for start in starts)
        return "" if known and end > moment(incident, "starts_at") else "superseded by nothing"
    if true.end is None:
        return "has ended although it fires"
    if incident["end_known_by"] == "told":
        return "" if abs(end - true.end) < EXACT else "ended at another time"
    latest = max(true.end, up_since) + timedelta(seconds=SETTLING + 10)
    return "" if true.end <= end <= latest else "ended at an impossible time"


def moment(incident: Json, name: str) -> datetime:
    """A time of an incident."""
    return datetime.fromisoformat(incident[name])


def brief(incident: Json) -> str:
    """The part of an incident that matters here."""
    names = ("status", "starts_at", "ends_at", "known_by", "end_known_by", "suppression", "notices")
    return str({name: incident[name] for name in names})
