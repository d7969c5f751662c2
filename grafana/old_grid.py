"""Where panels stand: rows from top to bottom, panels from left to right, 24 columns."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from grafana.grafana_json import Panel, Row

COLUMNS = 24


@dataclass(frozen=True)
class Pile:
    """Panels one below the other, which stand beside others as if they were one."""

    width: int | None
    panels: Sequence[tuple[Panel, int]]


Piece = Panel | Pile


@dataclass(frozen=True)
class Band:
    """One row of panels under a title."""

    title: str
    panels: Sequence[Piece]
    height: int = 8


def row(title: str, *panels: Piece, height: int = 8) -> Band:
    """A row; panels without a width share what is left equally."""
    return Band(title, panels, height)


def pile(*panels: tuple[Panel, int], width: int | None = None) -> Pile:
    """Panels with their heights, one below the other."""
    return Pile(width, panels)


def wide(panel: Panel, width: int) -> Panel:
    """The panel with a width in columns."""
    panel.width = width
    return panel


def placed(bands: Sequence[Band], uid: str) -> list[Panel | Row]:
    """All panels with their places and with ids that stay when others come and go."""
    y = 0
    out: list[Panel | Row] = []
    for band in bands:
        out.append(header(band.title, y, uid))
        lines = list(wrapped(band.panels))
        for n, line in enumerate(lines):
            out.extend(line_placed(line, y + 1 + n * band.height, band.height, uid))
        y += 1 + len(lines) * band.height
    return out


def header(title: str, y: int, uid: str) -> Row:
    """The title of a row."""
    it = Row()
    it.title, it.gridPos = title, position(0, y, COLUMNS, 1)
    it.id = identity(uid, f"row {title}")
    return it


def line_placed(line: Sequence[Piece], y: int, height: int, uid: str) -> Iterator[Panel]:
    """One line of panels side by side."""
    x = 0
    for piece, width in zip(line, widths(line), strict=True):
        down = y
        for panel, tall in piece.panels if isinstance(piece, Pile) else [(piece, height)]:
            panel.gridPos, panel.id = position(x, down, width, tall), identity(uid, panel.title)
            down += tall
            yield panel
        x += width


def wrapped(panels: Sequence[Piece]) -> Iterator[list[Piece]]:
    """The panels in lines of at most 24 columns; a panel without a width counts as 3 at least."""
    line: list[Piece] = []
    used = 0
    for panel in panels:
        width = panel.width or 3
        if used + width > COLUMNS:
            yield line
            line, used = [], 0
        line.append(panel)
        used += width
    if line:
        yield line


def widths(line: Sequence[Piece]) -> list[int]:
    """The width of each panel; those without one share the rest, the first take what does not divide."""
    free = [panel for panel in line if panel.width is None]
    rest = COLUMNS - sum(panel.width or 0 for panel in line)
    share, over = divmod(rest, len(free)) if free else (0, 0)
    extra = iter([1] * over + [0] * len(free))
    return [panel.width or share + next(extra) for panel in line]


def position(x: int, y: int, width: int, height: int) -> dict[str, int]:
    """A place on the grid."""
    return {"h": height, "w": width, "x": x, "y": y}


def identity(uid: str, title: str) -> int:
    """A panel's id from its dashboard and title, so that links to it survive changes around it."""
    return zlib.crc32(f"{uid}/{title}".encode()) % 1_000_000 + 1
