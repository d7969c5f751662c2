"""The table of addresses that `make run` prints."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from stack.process_spec import ProcessSpec

Row = tuple[str, str, str]
NO_OUTAGES: Mapping[str, str] = {}


def format_table(
    processes: Iterable[ProcessSpec], further: Sequence[Row] = (), outages: Mapping[str, str] = NO_OUTAGES
) -> str:
    """Name, address and description in columns; the outage of a process stands below it."""
    rows = [("", "address", "what to see")]
    for it in processes:
        rows.append((it.name, it.url, it.description))
        if it.name in outages:
            rows.append(("", "", outages[it.name]))
    rows += further
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"  {name:<{first}}  {url:<{second}}  {about}".rstrip() for name, url, about in rows)


def short_path(path: Path) -> str:
    """The path relative to the working directory, if it lies below it."""
    return str(path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path)
