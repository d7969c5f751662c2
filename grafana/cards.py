"""Cards: one for each series, in the colour of its state, with its name and its word."""

from collections.abc import Mapping

from grafana import mappings
from grafana.grafana_json import Panel, Query
from grafana.links import Link
from grafana.palette import GREY, override
from grafana.panels import PanelOptions, constructor, panel, set_queries
from grafana.sizes import Size
from grafana.steps import shown_from_one
from grafana.strips import options as stat_options

# the grid chooses its columns by the shape of the panel; 13 cards stand as 7 and 6, or as 9 in a row
SIZES = {13: {"titleSize": 12, "valueSize": 15}, 9: {"titleSize": 12, "valueSize": 13}}


@constructor
def cards(title: str, size: Size, options: PanelOptions, query: Query, at_most: int) -> Panel:
    """One card a series; the query itself keeps the cards of the last hour, without a value.

    Raises ValueError where it does not, since a card that vanishes is a state that nobody sees.
    """
    if "max_over_time(" not in str(query.expr) or "[1h]" not in str(query.expr):
        raise ValueError(
            f"the cards {title!r} end with their series; expected those of the last hour as well"
        )
    size.at_least(title, 4)
    own = {**stat_options(SIZES[at_most]), "colorMode": "background_solid", "graphMode": "none"}
    made = panel("stat", title, size, options.about, options={**own, "justifyMode": "center"})
    made.defaults = options.defaults(
        unit="none",
        color={"mode": "thresholds"},
        thresholds=shown_from_one(GREY),
        mappings=[*mappings.cards(), *mappings.unknown("? no data")],
    )
    return set_queries(made, [query.of_now()])


def lead(made: Panel, links: Mapping[str, Link]) -> Panel:
    """The cards, of which those of these names lead elsewhere than the others."""
    made.overrides = [override("byName", name, {"links": [link]}) for name, link in links.items()]
    return made
