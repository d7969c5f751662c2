"""The OpenAPI document is true: whatever is sent, the answer is one that it describes."""

import subprocess
import sys
from pathlib import Path

from ingestion_api.clock import utc_now
from ingestion_api.store import Store
from ingestion_api.workers.register import Report, report
from tests.ingestion_api.processes import TOKEN, ServiceProcess, environment
from tests.servers.fixtures import started
from tests.servers.redis_server import RedisServer

CONFIG = Path(__file__).parent / "schemathesis.toml"
EXAMPLES = 12  # of each operation, besides those that cover the schema


def test_every_answer_is_as_described(tmp_path: Path, redis_server: RedisServer) -> None:
    """All checks of schemathesis, all its phases, against the service as it runs."""
    env = environment(
        tmp_path / "run",
        redis_server.url,
        degraded_after=3600,
        queue_limit=100_000,
        attempts=10_000,
        cache_url=redis_server.database(2),
    )
    with started(ServiceProcess(tmp_path / "service.log", env)) as service:
        a_worker_reports(tmp_path / "run")
        report = subprocess.run(
            [
                str(Path(sys.executable).parent / "schemathesis"), "--config-file", str(CONFIG),
                "run", f"{service.url}/openapi.json", "--checks", "all", "--max-examples", str(EXAMPLES),
                "--header", f"Authorization: Bearer {TOKEN}", "--seed", "1", "--no-color",
                "--generation-database", "none", "--request-timeout", "20",
            ],
            cwd=tmp_path, capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert report.returncode == 0, report.stdout[-8000:] + report.stderr[-2000:]


def a_worker_reports(run_dir: Path) -> None:
    """Let a worker be online for the whole test, so that 503 would be an error."""
    store = Store.at(f"sqlite:///{run_dir}/service/service.db")
    report(store, Report("hands", "cloud", "tower", 7, ["ingestion"], {}), utc_now())
    store.close()
