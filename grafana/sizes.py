"""How large a panel is, and what fits into it.

Measured in Grafana 12.4 in a window of 1366 px, which is the narrowest that keeps 24 columns.
"""

from dataclasses import dataclass

COLUMNS = 24
COLUMN, GAP, PADDING = 55.9, 8, 16
LINE, HEADER, TABLE_HEADER, TABLE_ROW = 38, 40, 36, 36
# beside a title: its icon, its menu and their margins
TITLE_MARGIN, TITLE_CHARACTER = 98, 7.7
CELL, COUNT_CELL = 100, 75
NAME_CHARACTER, VALUE_CHARACTER = 6.7, 10
COLUMN_CHARACTER, COLUMN_PADDING = 7.4, 12
SORT_ARROW, FILTER_ICON = 16, 20
LEAST_COLUMN, AGE_COLUMN = 60, 130


class DoesNotFit(ValueError):
    """Something is larger than the place that it is to have."""


@dataclass(frozen=True)
class Size:
    """Columns of the grid's 24, and units of height of 38 px."""

    width: int
    height: int

    @property
    def pixels(self) -> float:
        """The width of the panel."""
        return self.width * COLUMN - GAP

    @property
    def inner(self) -> float:
        """The width inside of its padding."""
        return self.pixels - PADDING

    @property
    def rows(self) -> int:
        """Rows of a table that can be seen without scrolling."""
        return int((LINE * self.height - GAP - HEADER - TABLE_HEADER - GAP) // TABLE_ROW)

    def cell(self, number: int) -> float:
        """The width of one of so many cells side by side."""
        return self.inner / number - GAP

    def at_least(self, what: str, height: int) -> None:
        """Raise DoesNotFit where a panel of this kind is too low to show anything."""
        if self.height < height:
            raise DoesNotFit(f"{what} is {self.height} high; expected at least {height}")


def check_title(title: str, size: Size) -> None:
    """Raise DoesNotFit where Grafana would cut the title."""
    needed, there = len(title) * TITLE_CHARACTER, size.pixels - TITLE_MARGIN
    if needed > there:
        raise DoesNotFit(
            f"the title {title!r} needs {needed:.0f} px, and {size.width} columns have {there:.0f}; "
            f"expected at most {there // TITLE_CHARACTER:.0f} characters"
        )


def check_cells(title: str, size: Size, number: int, least: int = CELL) -> None:
    """Raise DoesNotFit where so many cells are too narrow."""
    most = max(1, int((size.inner) // least))
    if number > most:
        raise DoesNotFit(f"{title!r} has {number} cells; expected at most {most} in {size.width} columns")


def check_text(what: str, text: str, cell: float, character: float) -> None:
    """Raise DoesNotFit where a text is wider than its cell."""
    if len(text) * character > cell:
        raise DoesNotFit(
            f"{what} {text!r} needs {len(text) * character:.0f} px, and its cell has {cell:.0f}; "
            f"expected at most {cell // character:.0f} characters"
        )


def column_width(text: str) -> int:
    """The width that a column needs for a text."""
    return round(len(text) * COLUMN_CHARACTER + COLUMN_PADDING + 0.5)
