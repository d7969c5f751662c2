"""How a path is shown to the person at the terminal."""

from pathlib import Path


def short_path(path: Path) -> str:
    """The path as short as it can be said from here."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
