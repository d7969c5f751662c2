"""Draws requests from the service's OpenAPI document: `python -m tests.ingestion_api.fuzzing` draws widely.

So it does for the tests of hypothesis, with the same seed. The seed is new each time and printed; SEED=7
draws what 7 drew, EXAMPLES=500 draws more. Last come the tests that take too long for `make test`.
"""

import os
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ingestion_api.clock import utc_now
from ingestion_api.store import Store
from ingestion_api.workers import WorkerReport, record_heartbeat
from tests.ingestion_api.processes import TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer

CONFIG = Path(__file__).parent / "schemathesis.toml"
# not its script: hypothesis draws constants from it where its path does not look like a test's or a package's
SCHEMATHESIS = (sys.executable, "-c", "from schemathesis.cli import schemathesis; schemathesis()")


@contextmanager
def service_to_fuzz(folder: Path, redis: RedisServer) -> Iterator[ServiceProcess]:
    """A service that takes any number of jobs and wrong tokens, and has a worker for the whole run."""
    env = environment(
        folder / "run",
        redis.url,
        degraded_after=86_400,
        offline_after=86_400,
        queue_limit=100_000,
        attempts=10_000,
        cache_url=redis.database(2),
    )
    with started(ServiceProcess(folder / "service.log", env)) as service:
        _let_a_worker_report(folder / "run")
        yield service


def command(service: ServiceProcess, examples: int, *flags: str, config: Path = CONFIG) -> list[str]:
    """The command that checks every answer; `examples` for each operation, besides those of its schema."""
    return [
        *SCHEMATHESIS, "--config-file", str(config), "run", f"{service.url}/openapi.json", "--checks", "all",
        "--max-examples", str(examples), "--header", f"Authorization: Bearer {TOKEN}", "--no-color",
        "--request-timeout", "20", "--suppress-health-check", "too_slow", *flags,
    ]  # fmt: skip


def main() -> int:
    """Draw with a seed; the status of schemathesis."""
    seed = os.environ.get("SEED") or str(random.SystemRandom().randrange(2**32))
    examples = int(os.environ.get("EXAMPLES") or 200)
    sys.stdout.write(f"make fuzz: {examples} examples of each operation; again with: make fuzz SEED={seed}\n")
    sys.stdout.flush()
    wide = ("-q", "-m", "hypothesis", "--hypothesis-profile", "wide", "--hypothesis-seed", seed)
    tests = _run_tests(*wide, "--timeout", "600")
    requests = _draw_requests(seed, examples)
    return requests or tests or _run_tests("--fuzz", "-n", "2")


def _run_tests(*flags: str) -> int:
    return subprocess.run([sys.executable, "-m", "pytest", *flags], check=False).returncode


def _draw_requests(seed: str, examples: int) -> int:
    with tempfile.TemporaryDirectory() as name, started(RedisServer(Path(name))) as redis:
        folder = Path(name)
        with service_to_fuzz(folder, redis) as service:
            flags = ("--seed", seed, "--generation-database", "none")
            return subprocess.run(command(service, examples, *flags), cwd=folder, check=False).returncode


def _let_a_worker_report(run_dir: Path) -> None:
    # so that one is online, and 503 would be an error
    store = Store.at(f"sqlite:///{run_dir}/service/service.db")
    record_heartbeat(store, WorkerReport("hands", "cloud", "tower", 7, ["ingestion"], {}), utc_now())
    store.close()


if __name__ == "__main__":
    sys.exit(main())
