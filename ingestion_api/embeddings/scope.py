"""The resources of a generation, and which of them still need a vector."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Column, ColumnElement, func, or_, select, true

from ingestion_api.batching import batches, sized_batches
from ingestion_api.clock import naive_utc
from ingestion_api.resources.table import ResourceTable

KEYS_BATCH = 500
CHARACTERS_BATCH = 1_000_000  # in the texts of one batch, unless a single one is longer


@dataclass(frozen=True)
class Scope:
    """Some resources by id, or all; of these those without a vector, or every one (`renew`).

    With `outdated`, the name of a model, those whose vector was made by another model.
    """

    ids: Sequence[Any] | None = None
    renew: bool = False
    outdated: str | None = None

    def count(self, resources: ResourceTable, since: datetime | None = None) -> int:
        """The number of pending resources; with `renew`, those embedded before `since`, or all."""
        query = select(func.count()).select_from(resources.table).where(self._pending(resources, since))
        with resources.engine.connect() as connection:
            return sum(connection.scalar(query.where(part)) or 0 for part in self._parts(resources))

    def pending_batches(self, resources: ResourceTable, since: datetime, size: int) -> Iterator[list[Any]]:
        """Yield the pending ids, `size` at a time; with `renew`, those without a vector since `since`.

        Each batch is a query of its own, so that a long generation holds no transaction. A batch of long
        texts is split.
        """
        condition = self._pending(resources, since)
        for part in self._parts(resources):
            yield from _batches(resources, condition & part, size)

    def _pending(self, resources: ResourceTable, since: datetime | None) -> ColumnElement[bool]:
        if self.outdated is not None:
            model = resources["sparse_embedding_model"]
            return ~resources.without_vector() & or_(model.is_(None), model != self.outdated)
        if not self.renew:
            return resources.without_vector()
        if since is None or not resources.has("sparse_embedding_updated_at"):
            return true()
        updated_at = resources["sparse_embedding_updated_at"]
        return or_(resources.without_vector(), updated_at.is_(None), updated_at < naive_utc(since))

    def _parts(self, resources: ResourceTable) -> Iterator[ColumnElement[bool]]:
        if self.ids is None:
            yield true()
            return
        for keys in batches(self.ids, KEYS_BATCH):
            yield resources["id"].in_(keys)


def _batches(resources: ResourceTable, condition: ColumnElement[bool], size: int) -> Iterator[list[Any]]:
    key = resources["id"]
    length: ColumnElement[int] = _length(resources["title"]) + _length(resources["description"])
    query = select(key, length).where(condition).order_by(key).limit(size)
    last: Any = None
    while True:
        with resources.engine.connect() as connection:
            rows = connection.execute(query if last is None else query.where(key > last)).all()
        if not rows:
            return
        last = rows[-1][0]
        for part in sized_batches(rows, size, lambda row: int(row[1]), CHARACTERS_BATCH):
            yield [row[0] for row in part]


def _length(column: Column[Any]) -> ColumnElement[int]:
    return func.coalesce(func.length(column), 0)
