"""docs/dashboards.md: for each dashboard the question that it answers, and its panels."""

from collections.abc import Iterator

from docs.markdown import code, table
from docs.picture_list import picture_html
from grafana.dashboard import Dashboard
from grafana.dashboards import boards
from grafana.grafana_json import Panel
from grafana.grid import Section

HEAD = """# Dashboards

Written by `make docs` from `grafana/dashboards`; not to be edited. `make dashboards` writes the files that
Grafana reads, `grafana/generated`. An empty panel states its reason. *Levels* are drawn from `ops:threshold`,
so they are those in force. The cell or column *Level* judges the numbers beside it by the same levels.

All dashboards have one menu, which keeps the time range and the variables. They refresh every 30 s. Graphs
mark the critical alerts about what they show; marks of warnings and of wrong self-reports can be switched on.
A number turns grey within 45 s of the moment from which nobody can know it. *Last hour* shows the last hour
at every range. Links to the service open its pages filled in; nothing changes before a button is pressed.
Browsers reach the service at the external label `service_url` of `prometheus/prometheus.yml`. *Exporter and
stack* has a field for another address, and every link hands it on.
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
        for place, panel in enumerate(band.panels()):
            name = f"{panel.title} with its levels" if has_levels(panel) else str(panel.title)
            about = str(panel.description).replace("  \n", " ")
            yield ("" if place else row_title(band), name, panel.kind, about)


def row_title(band: Section) -> str:
    """The title of a row, and whether it is closed at first."""
    return f"{band.title} (closed)" if band.closed else band.title


def has_levels(panel: Panel) -> bool:
    """Whether levels in force are drawn in it."""
    return panel.kind == "timeseries" and any("ops:threshold" in target.expr for target in panel.targets)
