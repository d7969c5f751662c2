"""The table that `make run` prints when all is ready."""

from collections.abc import Iterable, Mapping, Sequence

from stack.service import Service

Row = tuple[str, str, str]
NOTHING: Mapping[str, str] = {}


def table(
    services: Iterable[Service], further: Sequence[Row] = (), degraded: Mapping[str, str] = NOTHING
) -> str:
    """Name, address and what to see there, in columns; below a service that is degraded, by what."""
    rows = [("", "address", "what to see")]
    for it in services:
        rows.append((it.name, it.url, it.see))
        if it.name in degraded:
            rows.append(("", "", degraded[it.name]))
    rows += further
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"  {name:<{first}}  {url:<{second}}  {see}".rstrip() for name, url, see in rows)
