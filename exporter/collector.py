"""Collectors, each a subject with the parts that read it, and the selection of a scrape."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from prometheus_client import Metric

from exporter.metrics import MetricDesc

if TYPE_CHECKING:
    from exporter.sources import Sources
from collections.abc import Sequence

ReadPart = Callable[["Sources"], Awaitable[Iterable[Metric]]]


@dataclass(frozen=True)
class Part:
    """One read of a subject: a failure costs only its own families.

    One `on_request` is left out of the whole page: it is read where `collect[]` names it or its collector.
    """

    name: str
    read: ReadPart
    metrics: tuple[MetricDesc, ...]
    on_request: bool = False


@dataclass(frozen=True)
class Collector:
    """A subject of the page, readable alone as `collect[]=name`, its parts as `collect[]=name.part`.

    One that is `alone` has metrics of another collector for a second server: they never share a page.
    """

    name: str
    about: str
    parts: tuple[Part, ...]
    alone: bool = False

    def with_part(self, part: str) -> "Collector":
        """This collector with one of its parts, under the name of the request."""
        parts = tuple(p for p in self.parts if p.name == part)
        return Collector(f"{self.name}.{part}", self.about, parts, self.alone)

    def unasked(self) -> "Collector":
        """This collector as the whole page has it."""
        return replace(self, parts=tuple(part for part in self.parts if not part.on_request))

    def names(self) -> list[str]:
        """The names by which `collect[]` selects it and its parts."""
        return [self.name, *(f"{self.name}.{part.name}" for part in self.parts)]


class UnknownCollector(Exception):
    """`collect[]` names a collector that does not exist."""


def select_collectors(collectors: Sequence[Collector], names: Sequence[str]) -> list[Collector]:
    """The collectors of these names, all where no name is given. Raises UnknownCollector."""
    if not names:
        return [collector.unasked() for collector in collectors if not collector.alone]
    by_name = {collector.name: collector for collector in collectors}
    selected = [select_collector(by_name, name) for name in sorted(set(names))]
    subjects = {collector.name.partition(".")[0] for collector in selected}
    for collector in selected:
        if collector.alone and len(subjects) > 1:
            raise UnknownCollector(f"collect[] names {collector.name!r} beside others; expected it alone")
    # a part beside its whole collector would show each of its series twice
    return [it for it in selected if it.name in by_name or it.name.partition(".")[0] not in names]


def select_collector(by_name: dict[str, Collector], name: str) -> Collector:
    """The collector, or the part of one, of this name. Raises UnknownCollector."""
    subject, _, part = name.partition(".")
    if subject not in by_name or name not in by_name[subject].names():
        valid = ", ".join(n for collector in by_name.values() for n in collector.names())
        raise UnknownCollector(f"collect[] names {name[:64]!r}; expected one of {valid}")
    return by_name[subject].with_part(part) if part else by_name[subject]


def scrape_budget(header: str | None, longest: float) -> float:
    """Seconds that a scrape may take: Prometheus' time-out less a tenth, at most `longest`."""
    try:
        timeout = float(header or "")
    except ValueError:
        return longest
    return min(longest, timeout * 0.9) if timeout > 0 else longest
