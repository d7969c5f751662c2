"""docs/dashboards.md: for each dashboard the question that it answers, and its panels."""

from collections.abc import Iterator

from docs.markdown import code, table
from docs.picture_list import picture_html
from grafana.dashboard import Dashboard
from grafana.dashboards import boards
from grafana.grafana_json import Panel
from grafana.grid import Section
from grafana.old_grid import Band, Pile

HEAD = """# Dashboards

Written by `make docs` from `grafana/dashboards`; not to be edited. `make dashboards` writes the files that
Grafana reads, `grafana/generated`. What a panel says when it is empty tells what that means; *Levels* are
drawn from `ops:threshold`, so that they are those in force.

All have one menu that leads to each other and keeps time and variables, refresh every 30 s, and mark alerts
and reports that disagree with what is observed on every graph. Links to the service open its pages filled
in; nothing changes before a button is pressed there. The address of the service is the external label
`service_url` of `prometheus/prometheus.yml`; where it is another one for a browser, *Exporter and stack*
has a field for it, and every link hands it on.
"""


def dashboards_page() -> str:
    """The whole page."""
    return HEAD + "".join(map(section, boards()))


def section(board: Dashboard) -> str:
    """One dashboard."""
    own = ", ".join(code(str(it.name)) for it in board.variables)
    chosen = f" Variables of its own: {own}." if own else ""
    head = (
        f"\n## {board.title}\n\n*{board.question}*\n\n`{board.uid}`, the last {board.since[4:]}.{chosen}\n\n"
    )
    if shown := picture_html(board.uid, str(board.title)):
        head += f"{shown}\n"
    return head + table(("Row", "Panel", "Kind", "What it shows"), rows(board))


def rows(board: Dashboard) -> Iterator[tuple[str, ...]]:
    """Its panels; the title of a row stands beside its first."""
    for band in board.sections:
        for place, panel in enumerate(panels(band)):
            name = f"{panel.title} with its levels" if has_levels(panel) else str(panel.title)
            yield ("" if place else band.title, name, panel.kind, str(panel.description))


def panels(band: Band | Section) -> Iterator[Panel]:
    """The panels of a row, from left to right and from top to bottom."""
    if isinstance(band, Section):
        yield from band.panels()
        return
    for piece in band.panels:
        if isinstance(piece, Pile):
            yield from (panel for panel, _ in piece.panels)
        else:
            yield piece


def has_levels(panel: Panel) -> bool:
    """Whether levels in force are drawn in it."""
    return panel.kind == "timeseries" and any("ops:threshold" in target.expr for target in panel.targets)
