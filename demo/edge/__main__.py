"""The ingestion worker: `python -m demo.edge`."""

import logging
import random
import signal
import threading
import time

import redis

from demo.edge.jobs import run_job
from demo.edge.keys import EdgeKeys
from demo.faults.local_time import told
from demo.faults.state import fault_file
from demo.logs import in_short, start_logging
from demo.settings import Settings, read_settings
from demo.storage.engine import now

log = logging.getLogger("demo.edge")


class EdgeWorker:
    """Takes one repository after the other, and beats while it does."""

    def __init__(self, settings: Settings, ended: threading.Event) -> None:
        self._settings = settings
        self._keys = EdgeKeys(settings.ingestion_url, settings.pharos_layout)
        self._ended = ended
        self._faults = fault_file(settings.home)
        self._last_beat = float("-inf")
        self._chance = random.Random()  # noqa: S311  made-up work, nothing secret

    def run(self) -> None:
        """Work until told to end; an unreachable Redis is asked again every second."""
        while not self._ended.is_set():
            try:
                self._keys.say("Idle")
                while not self._ended.is_set():
                    self._alive()
                    self._take()
            except redis.RedisError as error:
                log.warning("Redis does not answer: %s", in_short(error))
                self._ended.wait(1)

    def _take(self) -> None:
        job = self._keys.next_job()
        if job is None:
            return
        self._keys.say(f"Training Graph on {job['repo_url']}")
        record = run_job(job, self._settings.ingest_seconds, self._chance, self._alive)
        record["timestamp"] = told(now(), self._faults)
        self._keys.remember(record)
        self._keys.say(f"Error: {record['error']}" if record["status"] == "failed" else "Idle")

    def _alive(self) -> None:
        if self._ended.is_set():
            raise SystemExit(0)
        if time.monotonic() - self._last_beat >= self._settings.heartbeat_seconds:
            self._keys.beat()
            self._last_beat = time.monotonic()


def main() -> None:
    """Run until SIGTERM or SIGINT."""
    settings, ended = read_settings(), threading.Event()
    start_logging("edge", settings.log_level)
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: ended.set())
    EdgeWorker(settings, ended).run()


if __name__ == "__main__":
    main()
