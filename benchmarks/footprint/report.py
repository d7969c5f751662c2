"""The tables of a row, where benchmarks/README.md has its place."""

import re

from benchmarks import report
from benchmarks.report import Row
from docs.markdown import table

COMMAND = "python -m benchmarks.footprint"
Table = tuple[str, Row, list[Row]]


def write(words: str, tables: list[Table]) -> str:
    """Put the tables of a row, which these words measure, in place of those before; the tables as text."""
    name = re.sub(r"\W+", "-", words)
    return report.write(f"footprint-{name}", f"{COMMAND} {words}", tables)


def as_markdown(tables: list[Table]) -> str:
    """The same as text, written nowhere."""
    return "\n".join(f"{title}\n\n{table(head, rows)}" for title, head, rows in tables)
