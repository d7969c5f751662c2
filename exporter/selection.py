"""Which collectors a scrape wants, and how long it may take."""

from collections.abc import Sequence

from exporter.collector import Collector


class UnknownCollector(Exception):
    """A collector was asked for that does not exist."""


def select_collectors(collectors: Sequence[Collector], names: Sequence[str]) -> list[Collector]:
    """The collectors of these names, all where no name is given. Raises UnknownCollector."""
    if not names:
        return list(collectors)
    by_name = {collector.name: collector for collector in collectors}
    return [select_collector(by_name, name) for name in sorted(set(names))]


def select_collector(by_name: dict[str, Collector], name: str) -> Collector:
    """The collector, or the part of one, that this name means."""
    subject, _, part = name.partition(".")
    if subject not in by_name or name not in by_name[subject].names():
        valid = ", ".join(n for collector in by_name.values() for n in collector.names())
        raise UnknownCollector(f"collect[] names {name[:64]!r}; expected one of {valid}")
    return by_name[subject].with_part(part) if part else by_name[subject]


def scrape_budget(header: str | None, longest: float) -> float:
    """Seconds that a scrape may take: Prometheus' time-out less a tenth, never more than `longest`."""
    try:
        timeout = float(header or "")
    except ValueError:
        return longest
    return min(longest, timeout * 0.9) if timeout > 0 else longest
