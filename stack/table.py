"""The table that `make run` prints when all is ready."""

from collections.abc import Iterable, Sequence

from stack.service import Service

Row = tuple[str, str, str]


def table(services: Iterable[Service], further: Sequence[Row] = ()) -> str:
    """Name, address and what to see there, in columns."""
    rows = [("", "address", "what to see"), *((it.name, it.url, it.see) for it in services), *further]
    first, second = (max(len(row[column]) for row in rows) for column in (0, 1))
    return "\n".join(f"  {name:<{first}}  {url:<{second}}  {see}".rstrip() for name, url, see in rows)
