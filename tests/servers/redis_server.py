"""A real Redis."""

from pathlib import Path

import redis

from tests.servers.ports import free_port
from tests.servers.processes import Server


class RedisServer(Server):
    """redis-server on a free port, nothing kept on disk."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        super().__init__(
            [
                "redis-server", "--port", str(self.port), "--bind", "127.0.0.1",
                "--save", "", "--appendonly", "no", "--dir", str(folder),
            ],
            folder / "redis.log",
            ready=self._ping,
        )  # fmt: skip

    def database(self, number: int) -> str:
        """The URL of one of the sixteen databases."""
        return f"redis://127.0.0.1:{self.port}/{number}"

    def flush(self) -> None:
        """Forget every key of every database, and the server's own counters."""
        with self.client() as client:
            client.flushall()
            client.config_resetstat()

    def client(self, number: int = 0) -> redis.Redis:
        """A new connection to one database that answers str; close it."""
        return redis.Redis.from_url(self.database(number), decode_responses=True)

    def _ping(self) -> bool:
        try:
            with self.client() as client:
                return bool(client.ping())
        except redis.ConnectionError:
            return False
