"""The end of every first line: whether the numbers are live, how old the oldest is, which alerts fire."""

from collections.abc import Sequence

from grafana import levels, links, mappings
from grafana.grafana_json import Panel
from grafana.queries import freshness
from grafana.sizes import Size
from grafana.steps import too_old
from grafana.strips import Cell, states

# collectors that need a route which counts in the database, and is therefore requested every five minutes
SELDOM = {"engagement", "recommendations"}
DATA = "Live: scraped and every collector reads; partial: a collector fails; stale: the exporter is silent."
USUAL = "Age of the oldest number shown; slow questions are asked once a minute, so up to two is usual."
RARE = "Age of the oldest number shown; the backend counts for it every five minutes, so up to ten is usual."
ALERTS = "Alerts about this subject that fire now, each once, infos as well, in the colour of the gravest."
STALE = "✖ stale"


def data_and_alerts(board: str, *collectors: str) -> Panel:
    """Freshness and alerts of a dashboard whose numbers come from these collectors."""
    signals = freshness.among("signal", levels.signals_of(board))
    return data_and_alerts_of(signals, collectors)


def data_and_alerts_of(matcher: str, collectors: Sequence[str]) -> Panel:
    """The same of the alerts that match."""
    firing = Cell(
        "Alerts firing",
        freshness.alerts(matcher),
        ALERTS,
        words=mappings.alerts(freshness.MOST),
        link=links.board("alerts", "All alerts"),
    )
    return states("Data and alerts", Size(6, 4), *data(collectors), firing)


def data(collectors: Sequence[str]) -> tuple[Cell, Cell]:
    """Whether the numbers are live, and how old the oldest is; without a name those of all collectors."""
    seldom = not collectors or not SELDOM.isdisjoint(collectors)
    more = links.board("stack", "Exporter and collectors")
    return (
        Cell("Data", freshness.data(collectors), DATA, words=mappings.data(), unknown=STALE, link=more),
        Cell(
            "Oldest", freshness.oldest(collectors), RARE if seldom else USUAL, "s", 0, steps=too_old(seldom),
            unknown=STALE,
        ),
    )  # fmt: skip
