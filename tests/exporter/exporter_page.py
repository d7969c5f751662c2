"""The exporter as Prometheus sees it: its page, read into values."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from prometheus_client import Metric
from prometheus_client.parser import text_string_to_metric_families
from starlette.testclient import TestClient

from exporter.app import build
from exporter.settings import Settings

Labels = dict[str, str]
# who a test watches that names no backend: at the default address may be one that somebody runs
NOBODY = "http://127.0.0.1:1"


@dataclass(frozen=True)
class Page:
    """One scrape."""

    text: str
    seconds: float

    def series(self, name: str, /, **labels: str) -> list[tuple[Labels, float]]:
        """Labels and value of every series of this name that has these labels."""
        return [
            ({**sample.labels}, sample.value)
            for family in self.families
            for sample in family.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    @cached_property
    def families(self) -> list[Metric]:
        """The families; the parser gives _total to counters whose established names lack it."""
        found = [*text_string_to_metric_families(self.text)]
        for family in found:
            if f"# TYPE {family.name} counter\n" in self.text:
                family.samples = [it._replace(name=family.name) for it in family.samples]
        return found

    def value(self, name: str, /, **labels: str) -> float | None:
        """The value of the one series of this name that has these labels, None where there is none."""
        found = self.series(name, **labels)
        assert len(found) < 2, f"{name}{labels} is not one series: {found}"
        return found[0][1] if found else None

    def state(self, name: str, label: str = "status", **labels: str) -> str | None:
        """The state in force of a family with one series a state."""
        states = [found[label] for found, value in self.series(name, **labels) if value == 1]
        assert len(states) < 2, f"{name}{labels} is in several states: {states}"
        return states[0] if states else None

    def names(self) -> set[str]:
        """The names of all families."""
        return {family.name for family in self.families}


class Watched:
    """A running exporter."""

    def __init__(self, client: TestClient) -> None:
        self.client = client

    def page(self, *names: str, timeout: float | None = None) -> Page:
        """Scrape these collectors, all where none is named."""
        headers = {} if timeout is None else {"X-Prometheus-Scrape-Timeout-Seconds": str(timeout)}
        answer = self.client.get("/metrics", params={"collect[]": list(names)}, headers=headers)
        assert answer.status_code == 200, answer.text
        return Page(answer.text, answer.elapsed.total_seconds())


@contextmanager
def watching(**settings: Any) -> Iterator[Watched]:
    """An exporter with these settings, opened and closed as in production.

    Periods are short unless the test says otherwise, so that a changed source is seen at once; nothing is
    spared, since a test asks more often than anybody does.
    """
    given = settings.pop("backend", {})
    calm = given.get("fast_period", 0.2)
    backend: Any = {"url": NOBODY, "period": 1.0, "calm_period": calm, "probe_period": 0.2, **given}
    limits: Any = {"own_share": 1.0, **settings.pop("limits", {})}
    with TestClient(build(Settings(backend=backend, limits=limits, **settings))) as client:
        yield Watched(client)
