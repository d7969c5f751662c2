"""What a real Grafana would render wrongly, one rule a function: each yields a sentence for every mistake.

The sizes were measured in Grafana 12.4 in a window of 1366 px; see grafana/sizes.py.
"""

from collections.abc import Callable, Iterator

from tests.grafana.files import Json
from tests.grafana.rendering import graphs, layout, sources, strips, tables

RULES: tuple[Callable[[Json], Iterator[str]], ...] = (
    graphs.timelines, strips.newest, strips.ends, strips.unknown, strips.last_hours, strips.gates,
    strips.texts, strips.alike, strips.cells, strips.words_fit, strips.one_link, layout.titles,
    tables.columns, tables.sums, tables.left_aligned, graphs.from_zero, graphs.legends, graphs.tops,
    layout.marks, sources.one_source, layout.few_variables, layout.addresses, layout.hidden,
    layout.closed_rows, layout.first_line, layout.first_screen, strips.contrast, layout.symbols,
    layout.heights,
)  # fmt: skip
