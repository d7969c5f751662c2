"""Where the files of one repository go."""

import uuid
from dataclasses import dataclass

from ingestion_api.clock import Clock
from ingestion_api.repository import RepositoryUrl
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store


@dataclass(frozen=True)
class ResourceTarget:
    """The stores, the repository, the job that reads it, and the model of its vectors."""

    store: Store
    resources: ResourceTable
    url: RepositoryUrl
    clock: Clock
    job_id: int
    model: str

    def resource_id(self, path: str) -> str:
        """The same for the same file of the same repository, however its URL is spelled."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.url.identity}#{path}"))
