"""Tables in Markdown."""

from collections.abc import Iterable, Sequence

Row = Sequence[str]


def table(head: Row, rows: Iterable[Row]) -> str:
    """A table; what would break out of a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "".join(f"| {' | '.join(map(cell, line))} |\n" for line in lines)


def cell(text: str) -> str:
    """The text as the inside of a cell."""
    printable = "".join(c if c.isprintable() else repr(c)[1:-1] for c in text)
    return printable.replace("|", "\\|")


def code(text: str) -> str:
    """The text as code; nothing for nothing."""
    return f"`{text}`" if text else ""
