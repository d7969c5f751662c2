"""Graphs of a Redis server's numbers, for the sections that show it."""

from grafana.grafana_json import Panel
from grafana.graphs import graph
from grafana.panels import PanelOptions
from grafana.queries import redis_server as redis
from grafana.sizes import Size

QUARTER, THIRD, HALF, WHOLE = Size(6, 8), Size(8, 8), Size(12, 8), Size(24, 4)
OFF = "no cache is polled: set REDIS_URL"
DETAIL = "a detail: on while redis is true in prometheus/jobs.yml"
BYTES, BYTES_A_SECOND = "bytes", "Bps"


def details(title: str, size: Size, about: str, unit: str, *metrics: tuple[str, str]) -> Panel:
    """A graph of numbers that are on the page of the job redis alone."""
    return graph(title, size, PanelOptions(about, DETAIL, unit), *(redis.value(*it) for it in metrics))


def values(title: str, size: Size, about: str, unit: str, *metrics: tuple[str, str]) -> Panel:
    """A graph of numbers of the server, each under its name."""
    return graph(title, size, PanelOptions(about, OFF, unit), *(redis.value(*it) for it in metrics))


def speeds(title: str, size: Size, about: str, unit: str, *counters: tuple[str, str]) -> Panel:
    """A graph of how fast counts of the server rise."""
    return graph(title, size, PanelOptions(about, OFF, unit), *(redis.speed(*it) for it in counters))
