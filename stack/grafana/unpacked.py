"""What a package unpacked: Grafana's home and program, and nothing that reaches outside their folder."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

HOME = Path("usr/share/grafana")
# newer ones have the first alone
PROGRAMS = (Path("bin/grafana"), Path("bin/grafana-server"))


def home_of(folder: Path) -> Path | None:
    """Grafana's home in this folder; None where home or program is missing or a link leads outside."""
    home = folder / HOME
    programs = [home / name for name in PROGRAMS if (home / name).is_file()]
    inside = bool(programs) and all(is_inside(path, folder) for path in (home, *programs))
    return home if inside else None


def find_flaw(folder: Path) -> str | None:
    """Why this is not to be run: the path, what it is and what was expected; None if it is Grafana."""
    for path in (*parents(folder), *entries(folder)):
        if why := link_flaw(path, folder) if path.is_symlink() else mode_flaw(path):
            return f"{path.relative_to(folder)} {why}"
    return None if home_of(folder) else f"it has no {HOME / PROGRAMS[0]}"


def parents(folder: Path) -> Iterator[Path]:
    """The folders that lead to the home, and the home; only those that are there."""
    for name in (*reversed(HOME.parents), HOME):
        if os.path.lexists(folder / name):
            yield folder / name


def entries(folder: Path) -> Iterator[Path]:
    """All that was unpacked; no link is followed."""
    for place, folders, files in os.walk(folder):
        yield from (Path(place, name) for name in (*folders, *files))


def link_flaw(link: Path, folder: Path) -> str | None:
    """What is wrong with a link that Grafana would follow; nothing if it stays in the folder."""
    home, place = real(folder / HOME), real(link.parent) / link.name
    used = link in (*parents(folder),) or place.is_relative_to(home)
    if not used or is_inside(link, folder):
        return None
    return f"is a link to {os.readlink(link)}; expected one that stays in the package"


def mode_flaw(path: Path) -> str | None:
    """What is wrong with the kind or mode of a file or folder; None if nothing is."""
    mode = path.lstat().st_mode
    if stat.S_ISDIR(mode):
        return None
    if not stat.S_ISREG(mode):
        return "is a device, pipe or socket; expected a file"
    if mode & (stat.S_ISUID | stat.S_ISGID):
        return f"has the mode {stat.S_IMODE(mode):04o}; expected none with setuid or setgid"
    return None


def is_inside(path: Path, folder: Path) -> bool:
    """Whether a path stays in this folder when its links are followed."""
    return real(path).is_relative_to(real(folder))


def real(path: Path) -> Path:
    """The path with its links followed; Path.resolve raises at a loop of links, this does not."""
    return Path(os.path.realpath(path))
