"""The embedding coverage of the resources by model."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select

from ingestion_api.resources.table import ResourceTable


@dataclass(frozen=True)
class Coverage:
    """How many resources there are, how many have a vector, by the model that made it."""

    total: int
    embedded: int
    by_model: dict[str, int]

    def outdated(self, model: str) -> dict[str, int]:
        """The number of vectors of each other model."""
        return {name: number for name, number in self.by_model.items() if name != model}


def read_coverage(resources: ResourceTable) -> Coverage:
    """Count the vectors by model."""
    model: Any = resources["sparse_embedding_model"]
    query = select(model, func.count()).where(~resources.without_vector()).group_by(model)
    with resources.engine.connect() as connection:
        total = connection.scalar(select(func.count()).select_from(resources.table)) or 0
        counts = {str(name or "unnamed"): int(count) for name, count in connection.execute(query)}
    return Coverage(total, sum(counts.values()), counts)
