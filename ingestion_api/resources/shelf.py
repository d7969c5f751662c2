"""Where the files of one repository go."""

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ingestion_api.clock import Clock
from ingestion_api.encoder import CorpusStatistics, measure
from ingestion_api.repository import RepositoryUrl
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store


@dataclass(frozen=True)
class Shelf:
    """The stores, the repository, and the job that reads it."""

    store: Store
    resources: ResourceTable
    url: RepositoryUrl
    clock: Clock
    job_id: int

    def resource_id(self, path: str) -> str:
        """The same for the same file of the same repository, however its URL is spelled."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url.identity}#{path}"))


def counted(resources: ResourceTable, keys: Sequence[Any]) -> CorpusStatistics:
    """The statistics of those texts that the corpus counts: the ones with a vector."""
    having = rows.embedded(resources, keys)
    return measure(text.text for text in rows.texts(resources, having))
