"""The table of a row, where benchmarks/README.md has its place."""

from benchmarks import report
from benchmarks.report import Row

Table = tuple[str, Row, list[Row]]


def command(row: str) -> str:
    """How a row is measured."""
    return f"make bench WHAT=footprint ROW={row}"


def write(row: str, tables: list[Table]) -> str:
    """Put the tables of a row in place of those before, and return them as text."""
    return report.write(f"footprint-{row}", command(row), tables)
