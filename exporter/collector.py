"""What a collector is: a subject, and the parts that read it."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from prometheus_client import Metric

from exporter.metrics import MetricDesc

if TYPE_CHECKING:
    from exporter.sources import Sources

ReadPart = Callable[["Sources"], Awaitable[Iterable[Metric]]]


@dataclass(frozen=True)
class Part:
    """One reading of a subject: what fails in it costs only its own families."""

    name: str
    read: ReadPart
    metrics: tuple[MetricDesc, ...]


@dataclass(frozen=True)
class Collector:
    """A subject of the page, readable alone as `collect[]=name`, its parts as `collect[]=name.part`."""

    name: str
    about: str
    parts: tuple[Part, ...]

    def with_part(self, part: str) -> "Collector":
        """This collector with one of its parts, named as it was asked for."""
        chosen = tuple(p for p in self.parts if p.name == part)
        return Collector(f"{self.name}.{part}", self.about, chosen)

    def names(self) -> list[str]:
        """The names under which it and its parts can be asked for."""
        return [self.name, *(f"{self.name}.{part.name}" for part in self.parts)]
