"""Which resources a generation is about, and which of them still wait for their vector."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, or_, select, true

from ingestion_api.jobs.watch import in_batches
from ingestion_api.resources.table import ResourceTable, naive

KEYS_AT_ONCE = 500


@dataclass(frozen=True)
class Scope:
    """Some resources by id, or all; of these either those without a vector, or every one (`renew`)."""

    ids: Sequence[Any] | None = None
    renew: bool = False

    def count(self, resources: ResourceTable) -> int:
        """How many resources the scope holds now."""
        query = select(func.count()).select_from(resources.table)
        wanted = true() if self.renew else resources.missing()
        with resources.engine.connect() as connection:
            return sum(connection.scalar(query.where(wanted, part)) or 0 for part in self._parts(resources))

    def waiting(self, resources: ResourceTable, since: datetime, size: int) -> Iterator[list[Any]]:
        """The ids that have no vector, or when renewing none made at or after `since`, `size` at a time.

        Each batch is looked up when it is asked for, so that a long generation holds no transaction.
        """
        wanted = resources.missing()
        if self.renew and resources.has("sparse_embedding_updated_at"):
            made = resources["sparse_embedding_updated_at"]
            wanted = or_(wanted, made.is_(None), made < naive(since))
        for part in self._parts(resources):
            yield from _batches(resources, wanted & part, size)

    def _parts(self, resources: ResourceTable) -> Iterator[ColumnElement[bool]]:
        if self.ids is None:
            yield true()
            return
        for keys in in_batches(self.ids, KEYS_AT_ONCE):
            yield resources["id"].in_(keys)


def _batches(resources: ResourceTable, wanted: ColumnElement[bool], size: int) -> Iterator[list[Any]]:
    key = resources["id"]
    query = select(key).where(wanted).order_by(key).limit(size)
    last: Any = None
    while True:
        with resources.engine.connect() as connection:
            found = list(connection.scalars(query if last is None else query.where(key > last)))
        if not found:
            return
        yield found
        last = found[-1]
