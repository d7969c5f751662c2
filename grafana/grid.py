"""Where panels stand: sections from top to bottom, panels from left to right, 24 columns."""

import zlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from grafana.grafana_json import Panel, Row
from grafana.sizes import COLUMNS, DoesNotFit, Size


@dataclass(frozen=True)
class PanelStack:
    """Panels of one width, one below the other, which stand beside others as if they were one."""

    panels: Sequence[Panel]

    @property
    def size(self) -> Size:
        """The size of all together. Raises DoesNotFit where they are not equally wide."""
        widths = {it.size.width for it in self.panels}
        if len(widths) != 1:
            raise DoesNotFit(f"panels of {sorted(widths)} columns are stacked; expected one width")
        return Size(widths.pop(), sum(it.size.height for it in self.panels))


Piece = Panel | PanelStack


@dataclass(frozen=True)
class Section:
    """Panels under a heading; a closed one shows only it, and asks nothing until somebody opens it."""

    title: str
    pieces: Sequence[Piece]
    closed: bool = False

    def panels(self) -> Iterator[Panel]:
        """The panels, from left to right and from top to bottom."""
        for piece in self.pieces:
            yield from piece.panels if isinstance(piece, PanelStack) else (piece,)


def top(*pieces: Piece) -> Section:
    """What is above all headings."""
    return Section("", pieces)


def section(title: str, *pieces: Piece) -> Section:
    """Panels under a heading."""
    return Section(title, pieces)


def closed(title: str, *pieces: Piece) -> Section:
    """Panels under a heading that is closed at first: details, and what is empty on some installations."""
    return Section(title, pieces, closed=True)


def stack(*panels: Panel) -> PanelStack:
    """Panels, one below the other."""
    return PanelStack(panels)


def place_sections(sections: Sequence[Section], uid: str, was: Mapping[str, str]) -> list[Panel | Row]:
    """All panels with their places, and with ids that stay when others come and go.

    `was` holds the former titles of panels that kept their meaning, and with it their id.
    """
    y, out = 0, list[Panel | Row]()
    for it in sections:
        panels, below = place_lines(it.pieces, y + bool(it.title), uid, was)
        if not it.title:
            out += panels
        elif it.closed:
            out.append(heading(it.title, y, uid, panels, collapsed=True))
            below = y + 1
        else:
            out += [heading(it.title, y, uid), *panels]
        y = below
    return out


def heading(title: str, y: int, uid: str, inside: Sequence[Panel] = (), *, collapsed: bool = False) -> Row:
    """The title of a section, with the panels that it hides."""
    it = Row(inside=list(inside))
    it.title, it.collapsed, it.gridPos = title, collapsed, position(0, y, Size(COLUMNS, 1))
    it.id = identity(uid, f"row {title}")
    return it


def place_lines(pieces: Sequence[Piece], y: int, uid: str, was: Mapping[str, str]) -> tuple[list[Panel], int]:
    """The panels with their places, and the first line below them."""
    out: list[Panel] = []
    for line in lines(pieces):
        x = 0
        for piece in line:
            down = y
            for panel in piece.panels if isinstance(piece, PanelStack) else (piece,):
                panel.gridPos = position(x, down, panel.size)
                panel.id = identity(uid, was.get(str(panel.title), str(panel.title)))
                down += panel.size.height
                out.append(panel)
            x += piece.size.width
        y += line[0].size.height
    return out, y


def lines(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """The pieces in lines of 24 columns. Raises DoesNotFit where a line has gaps."""
    line: list[Piece] = []
    for piece in pieces:
        line.append(piece)
        width = sum(it.size.width for it in line)
        if width < COLUMNS:
            continue
        if width > COLUMNS or len({it.size.height for it in line}) > 1:
            raise DoesNotFit(f"{describe(line)} stand side by side; expected 24 columns of one height")
        yield line
        line = []
    if line:
        raise DoesNotFit(f"{describe(line)} end a section; expected 24 columns")


def describe(line: Sequence[Piece]) -> str:
    """The pieces with their sizes."""
    named = ((it.panels[0] if isinstance(it, PanelStack) else it, it.size) for it in line)
    return ", ".join(f"{panel.title!r} {size.width}x{size.height}" for panel, size in named)


def position(x: int, y: int, size: Size) -> dict[str, int]:
    """A place on the grid."""
    return {"h": size.height, "w": size.width, "x": x, "y": y}


def identity(uid: str, title: str) -> int:
    """A panel's id from its dashboard and title, so that links to it survive changes around it."""
    return zlib.crc32(f"{uid}/{title}".encode()) % 1_000_000 + 1
