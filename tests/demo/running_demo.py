"""A demo that runs for the tests: its pages, its Redis, its database, its faults."""

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import redis
from sqlalchemy import Engine, text

from demo.settings import Settings
from demo.storage.engine import open_single
from demo.worker.celery_app import PREFIX, make_sender
from tests.servers.ports import free_port
from tests.servers.processes import Server
from tests.servers.waiting import eventually

TOKEN = "a-token-for-the-tests"


class RunningDemo(Server):
    """`python -m demo` on free ports, without visitors."""

    def __init__(self, folder: Path, **settings: str) -> None:
        self.folder = folder / "demo"
        self.port, self.control_port, self.redis_port = free_port(), free_port(), free_port()
        self.variables = {
            "RUN_DIR": str(folder),
            "DEMO_PORT": str(self.port),
            "DEMO_CONTROL_PORT": str(self.control_port),
            "DEMO_REDIS_PORT": str(self.redis_port),
            "DEMO_GIT_PORT": "0",
            "DEMO_TOKEN": TOKEN,
            "DEMO_TRAFFIC_PEAK": "0",
            "DEMO_HEARTBEAT_SECONDS": "0.5",
            "DEMO_INGEST_SECONDS": "0.5",
            "DEMO_HOOK_RETRY_SECONDS": "1",
            **settings,
        }
        self.api = httpx2.Client(
            base_url=f"http://127.0.0.1:{self.port}", headers={"Authorization": f"Bearer {TOKEN}"}, timeout=10
        )
        self._redis: dict[int, redis.Redis] = {}
        self.control = httpx2.Client(base_url=f"http://127.0.0.1:{self.control_port}", timeout=60)
        super().__init__(
            [sys.executable, "-m", "demo"],
            folder / "demo.log",
            ready=self.is_ready,
            env=self.variables,
            within=60,
        )

    def is_ready(self) -> bool:
        """Whether every part has answered."""
        try:
            return self.control.get("/ready").is_success
        except httpx2.HTTPError:
            return False

    def stop(self, within: float = 10.0) -> None:
        """End the demo and the connections to it."""
        super().stop(within)
        self.api.close()
        self.control.close()
        for client in self._redis.values():
            client.close()

    def get(self, path: str) -> Any:
        """The decoded answer of a GET that must succeed."""
        answer = self.api.get(path)
        assert answer.status_code == 200, (path, answer.status_code, answer.text)
        return answer.json()

    def report(self, name: str) -> Any:
        """A monitoring report."""
        return self.get(f"/api/monitoring/{name}")

    def redis(self, database: int) -> "redis.Redis":
        """One of the databases of the demo's Redis."""
        if database not in self._redis:
            self._redis[database] = redis.Redis(
                port=self.redis_port, db=database, decode_responses=True, socket_timeout=1
            )
        return self._redis[database]

    def engine(self) -> Engine:
        """The demo's database, seen from outside."""
        return open_single(f"sqlite:///{self.folder / 'neo.db'}")

    def scalars(self, query: str) -> list[Any]:
        """The first column of a query."""
        with self.engine().connect() as db:
            return list(db.execute(text(query)).scalars())

    def a_resource(self) -> str:
        """The id of a resource with a text."""
        return str(
            self.scalars("SELECT id FROM resources WHERE description != '' ORDER BY created_at LIMIT 1")[0]
        )

    def parts(self) -> dict[str, dict[str, Any]]:
        """The children by name."""
        return {part["name"]: part for part in self.control.get("/").json()["parts"]}

    @contextmanager
    def fault(self, name: str, **parameters: Any) -> Iterator[None]:
        """A fault in force for a while."""
        answer = self.control.post(f"/faults/{name}", json=parameters)
        assert answer.status_code == 200, answer.text
        try:
            yield
        finally:
            lifted = self.control.delete(f"/faults/{name}")
            assert lifted.status_code == 200, lifted.text

    def send(self, task: str, *args: object) -> str:
        """Queue a task as the API does; its id."""
        settings = Settings(redis_port=self.redis_port)
        with make_sender(settings, patience=2) as sender:
            return str(sender.send_task(PREFIX + task, args).id)

    def outcome(self, task_id: str) -> dict[str, Any]:
        """The stored result of a task that has ended."""

        def ended() -> dict[str, Any] | None:
            found = self.redis(1).get(f"celery-task-meta-{task_id}")
            result: dict[str, Any] = json.loads(str(found)) if found else {}
            return result if result.get("status") in ("SUCCESS", "FAILURE") else None

        return eventually(ended, within=15) or {}
