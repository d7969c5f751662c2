"""The table that `make run` prints when all is ready."""

from collections.abc import Iterable, Mapping, Sequence

from stack.process_spec import ProcessSpec

Row = tuple[str, str, str]
NO_OUTAGES: Mapping[str, str] = {}


def format_table(
    services: Iterable[ProcessSpec], further: Sequence[Row] = (), degraded: Mapping[str, str] = NO_OUTAGES
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
