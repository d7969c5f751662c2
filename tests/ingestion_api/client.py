"""What a client of the service does with jobs: ask for one, look at it, wait for what becomes of it."""

from dataclasses import dataclass
from typing import Any

import httpx2

from tests.ingestion_api.git_server import GitServer
from tests.servers.waiting import eventually


@dataclass(frozen=True)
class Jobs:
    """The jobs of a service, for repositories of one host."""

    client: httpx2.Client
    git: GitServer

    def ingest(self, name: str) -> int:
        """The id of a new job."""
        answer = self.client.post(f"/api/v1/ingestion/ingest/{self.git.origin}/{name}")
        assert answer.status_code == 200, answer.text
        return int(answer.json()["job_id"])

    def job(self, job_id: int) -> dict[str, Any]:
        """The job now."""
        found: dict[str, Any] = self.client.get(f"/api/v1/ingestion/jobs/{job_id}").json()
        return found

    def until(self, job_id: int, *states: str, within: float = 20.0) -> dict[str, Any]:
        """The job once it is in one of the states."""

        def there() -> dict[str, Any]:
            job = self.job(job_id)
            assert job["status"] in states, job
            return job

        return eventually(there, within=within)
