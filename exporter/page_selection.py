"""What a request wants of the page: `collect[]`, `exclude[]` and `name[]`."""

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass

from prometheus_client import Metric
from starlette.datastructures import QueryParams

from exporter.collector import Collector, UnknownCollector, select_collectors
from exporter.collectors.peers import JOBS, PREFIXES, peer_collectors


@dataclass(frozen=True)
class PageSelection:
    """The collectors of a request, and which of their families it wants."""

    collectors: Sequence[Collector]
    only_peers: bool  # for a job of such a name; what the exporter reports of itself is on its own page
    excluded: tuple[str, ...]  # beginnings of names
    names: frozenset[str]  # of metrics or of series; all where empty

    def families(self, families: Iterable[Metric]) -> list[Metric]:
        """Those families that the request wants, with the series that it wants."""
        wanted = [family for family in families if self._is_wanted(family.name)]
        return [it for family in wanted if (it := self._named(family)).samples] if self.names else wanted

    def _is_wanted(self, name: str) -> bool:
        return not name.startswith(("ops_", *self.excluded) if self.only_peers else self.excluded)

    def _named(self, family: Metric) -> Metric:
        if family.name in self.names:
            return family
        chosen = copy(family)  # identical requests at the same time share the family
        chosen.samples = [sample for sample in family.samples if sample.name in self.names]
        return chosen


def select_page(collectors: Sequence[Collector], query: QueryParams) -> PageSelection:
    """The selection of these parameters. Raises UnknownCollector."""
    collect, exclude = query.getlist("collect[]"), query.getlist("exclude[]")
    peers = [name for name in collect if name.partition(".")[0] in JOBS]
    if peers and len(peers) < len(collect):
        raise UnknownCollector(f"collect[] names {peers[0][:64]!r} beside collectors; expected jobs alone")
    for name in exclude:
        if name not in PREFIXES:
            raise UnknownCollector(f"exclude[] names {name[:64]!r}; expected one of {', '.join(PREFIXES)}")
    return PageSelection(
        select_collectors(peer_collectors(collectors) if peers else collectors, collect),
        bool(peers),
        tuple(PREFIXES[name] for name in exclude),
        frozenset(query.getlist("name[]")),
    )
