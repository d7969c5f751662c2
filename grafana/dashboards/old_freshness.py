"""The first row of every dashboard: whether what it shows is fresh, and whether alerts about it fire."""

from collections.abc import Sequence

from grafana import levels, links
from grafana.grafana_json import Panel
from grafana.old_grid import Band, row
from grafana.old_panels import Says, words
from grafana.palette import any_is_bad, bad_when, stale, yes_no
from grafana.queries import freshness

NO_SCRAPE = "✖ no scrape at all"
# collectors that need a route which counts in the database, and is therefore requested every five minutes
SELDOM = {"engagement", "recommendations"}
USUAL = "Age of the oldest answer below; slow questions are asked once a minute, so up to two is usual."
RARE = "Age of the oldest answer below; the backend counts for it every five minutes, so up to ten is usual."


def fresh(board: str, *collectors: str) -> Band:
    """Scrape, collectors, age and alerts, in words."""
    alerts = firing("Alerts on this", levels.signals_of(board))
    return row("Is this fresh?", scraped(), read(collectors), oldest(collectors), alerts, height=3)


def scraped() -> Panel:
    """Whether the exporter answers Prometheus."""
    about = "Prometheus reaches the exporter. If not, nothing below is fresh: see the exporter's log."
    mapped = {"mappings": yes_no("scraped", "not scraped")}
    return words("Exporter", freshness.scraped(), says=Says(about, NO_SCRAPE, "none", more=mapped))


def read(collectors: Sequence[str]) -> Panel:
    """Whether each collector behind the dashboard works."""
    about = "Each collector behind this dashboard. One that fails leaves its panels empty, never wrong."
    mapped = {"mappings": yes_no("read", "fails")}
    more = (links.board("stack", "What the collectors do"),)
    return words(
        "Collectors", freshness.collectors(collectors), says=Says(about, NO_SCRAPE, "none", more, mapped)
    )


def oldest(collectors: Sequence[str]) -> Panel:
    """How old the oldest number of the dashboard may be."""
    seldom = not SELDOM.isdisjoint(collectors)
    about = RARE if seldom else USUAL
    coloured = {"thresholds": stale(seldom), "color": {"mode": "thresholds"}}
    return words(
        "Oldest answer", freshness.oldest(collectors), says=Says(about, NO_SCRAPE, "s", more=coloured)
    )


def firing(title: str, signals: Sequence[str]) -> Panel:
    """How many alerts on the subject fire."""
    about = "Alerts about what this dashboard shows. Open the list to see since when and what to do."
    coloured = {"thresholds": any_is_bad(), "color": {"mode": "thresholds"}}
    more = (links.board("alerts", "All alerts"),)
    return words(
        title,
        freshness.firing(signals),
        says=Says(about, "Prometheus does not answer", "none", more, coloured),
    )


def works(yes: str = "answers", no: str = "does not answer") -> dict[str, object]:
    """1 good and 0 bad, in words."""
    return {"mappings": yes_no(yes, no)}


def trouble(yes: str, no: str) -> dict[str, object]:
    """1 bad and 0 good, in words."""
    return {"mappings": bad_when(yes, no)}
