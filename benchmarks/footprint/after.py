"""Alerts that begin after the end of their fault: `python -m benchmarks.footprint after [FAULT ...]`."""

import time
from argparse import Namespace
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime

from alertmanager.inhibitions import INHIBITOR
from benchmarks.footprint.backend import WatchedBackend, Watcher, running_backend, running_watcher
from benchmarks.footprint.report import Table
from demo.faults.catalogue import FAULTS

HEAD = (
    "Fault", "In force", "Alerts while it was", "Fired first after its end", "Active only since then",
    "Told first after its end",
)  # fmt: skip
WARM = 60.0
LONGEST = 60.0
# Seconds that a fault stays once its first alert fires: others of the same fault follow.
LINGER = 5.0
PAUSE = 0.5
SETTLE = 90.0
PATIENCE = 20.0
Key = tuple[tuple[str, str], ...]


@dataclass
class Trial:
    """One fault: which alerts fired during it, and which first after it (seconds since its end)."""

    fault: str
    lasted: float = 0.0
    during: set[str] = field(default_factory=set)
    late: dict[Key, float] = field(default_factory=dict)
    born_late: dict[Key, float] = field(default_factory=dict)
    told_late: dict[Key, float] = field(default_factory=dict)

    def row(self) -> tuple[str, ...]:
        """The figures of one fault."""
        names = ", ".join(f"`{name}`" for name in sorted(self.during))
        return (
            f"`{self.fault}`",
            f"{self.lasted:.0f} s",
            names,
            alert_list(self.late),
            alert_list(self.born_late),
            alert_list(self.told_late),
        )


def tables(chosen: Namespace) -> list[Table]:
    """Each fault in turn on one system, with visitors in every module."""
    with running_backend(chosen.fault, DEMO_TRAFFIC_PEAK="5") as backend, running_watcher(backend) as watch:
        time.sleep(min(WARM, chosen.seconds))
        trials = [trial(backend, watch, name, chosen.seconds) for name in chosen_faults(chosen.faults)]
    late, born, told = (
        sum(len(found) for found in kind)
        for kind in zip(*((it.late, it.born_late, it.told_late) for it in trials), strict=True)
    )
    title = (
        f"Each fault until its alerts fire or {LONGEST:g} s, then {chosen.seconds:g} s without it: "
        f"{late} alerts fired first after the end, {born} of them were not even pending before; "
        f"{told} warnings and criticals were told first after it:"
    )
    return [(title, HEAD, [it.row() for it in trials])]


def chosen_faults(words: list[str]) -> list[str]:
    """The faults by name, or a part of all such as 1/3; ValueError for any other word."""
    names, found = list(FAULTS), list[str]()
    for word in words or ["1/1"]:
        part, slash, of = word.partition("/")
        if slash:
            found += names[int(part) - 1 :: int(of)]
        elif word in FAULTS:
            found.append(word)
        else:
            raise ValueError(
                f"{word!r} is no fault; expected a part such as 1/3 or one of {', '.join(FAULTS)}"
            )
    return found


def trial(backend: WatchedBackend, watch: Watcher, name: str, seconds: float) -> Trial:
    """Put a fault in force, lift it, and go on looking."""
    it, before, began = Trial(name), firing(watch), time.monotonic()
    set_fault(backend, name)
    fires: float | None = None
    while time.monotonic() < min(began + LONGEST, (fires or began + LONGEST) + LINGER):
        fresh = firing(watch).keys() - before.keys()
        it.during |= {dict(key)["alertname"] for key in fresh}
        fires = fires or (time.monotonic() if fresh else None)
        time.sleep(PAUSE)
    known, told = before.keys() | firing(watch).keys(), notices(watch).keys()
    backend.mend(name)
    it.lasted, end, mended = time.monotonic() - began, time.time(), time.monotonic()
    for key, active_at in new_for(watch, known, seconds):
        it.late.setdefault(key, time.time() - end)
        if active_at > end:
            it.born_late.setdefault(key, active_at - end)
    it.told_late = {key: at - mended for key, at in notices(watch).items() if key not in told}
    settle(watch, before)
    return it


def set_fault(backend: WatchedBackend, name: str) -> None:
    """Put a fault in force, again where the demo has not got over the one before."""
    until = time.monotonic() + PATIENCE
    while True:
        try:
            return backend.fault(name)
        except RuntimeError:
            if time.monotonic() >= until:
                raise
            time.sleep(PAUSE)


def new_for(watch: Watcher, known: set[Key], seconds: float) -> Iterator[tuple[Key, float]]:
    """Alerts that fire and did not before, as they come, with the time since when they are active."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        found = firing(watch)
        yield from ((key, found[key]) for key in found.keys() - known)
        time.sleep(PAUSE)


def settle(watch: Watcher, before: Mapping[Key, float]) -> None:
    """Wait until no alert is left that was not there before, within bounds."""
    until = time.monotonic() + SETTLE
    while time.monotonic() < until and firing(watch).keys() - before.keys():
        time.sleep(PAUSE)


def firing(watch: Watcher) -> dict[Key, float]:
    """The firing alerts by their labels, and since when each is active (Unix seconds)."""
    return {
        tuple(sorted(it["labels"].items())): moment(it["activeAt"])
        for it in watch.ask("alerts")["alerts"]
        if it["state"] == "firing" and it["labels"]["alertname"] != INHIBITOR
    }


def notices(watch: Watcher) -> dict[Key, float]:
    """The warnings and criticals that were ever told, by their labels, and when each was told first."""
    found: dict[Key, float] = {}
    for notification in watch.inbox.notifications:
        for alert in notification.body["alerts"]:
            if alert["status"] == "firing" and alert["labels"]["severity"] != "info":
                found.setdefault(tuple(sorted(alert["labels"].items())), notification.at)
    return found


def moment(text: str) -> float:
    """Unix seconds of a time that Prometheus writes, in nanoseconds that Python does not read."""
    whole, _, fraction = text.removesuffix("Z").partition(".")
    return datetime.fromisoformat(f"{whole}+00:00").timestamp() + float(f"0.{fraction or 0}")


def alert_list(found: Mapping[Key, float]) -> str:
    """Alerts with the seconds after the end."""
    shown = (
        f"`{labels['alertname']}` ({labels.get('severity')}{label_text(labels)}) +{seconds:.0f} s"
        for labels, seconds in ((dict(key), seconds) for key, seconds in found.items())
    )
    return ", ".join(sorted(shown))


def label_text(labels: Mapping[str, str]) -> str:
    """What an alert is about."""
    words = [
        labels[name] for name in ("module", "subject", "collector", "queue_name", "name") if name in labels
    ]
    return "".join(f", {word}" for word in words)
