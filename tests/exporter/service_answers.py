"""What our own ingestion service answers on its routes, for the double that stands for it."""

from datetime import UTC, datetime
from typing import Any

from tests.exporter.backend_double import BackendDouble

BELOW = "/own"  # the double answers for the backend as well, whose routes have the same names
ROUTES = f"{BELOW}/api/v1/ingestion"
EMBEDDINGS = f"{BELOW}/admin/sparse-embeddings/status"
ENDED = "2030-01-02T03:04:05"


def job(number: int, status: str = "complete", **more: Any) -> dict[str, Any]:
    """An entry of the history."""
    return {
        "job_id": number, "repo_url": f"https://forge.example/a/{number}", "status": status,
        "duration_seconds": 4.0, "files_processed": 7, "embeddings_generated": 6, "timestamp": ENDED,
        "error": None, "reason": None, "age_seconds": 5.0, **more,
    }  # fmt: skip


def worker(name: str = "one@tower", **more: Any) -> dict[str, Any]:
    """A worker that lives."""
    return {
        "id": name, "type": "cloud", "host": "tower", "status": "online", "gpu_available": True, "gpu": [],
        "last_heartbeat": datetime.now(UTC).isoformat(), "queues": ["ingestion"], "job_ids": [4], **more,
    }  # fmt: skip


def run(status: str, **more: Any) -> dict[str, Any]:
    """A generation of sparse embeddings."""
    return {
        "job_id": 9, "status": status, "stage": "embedding", "started_at": "2030-01-02T03:00:00Z",
        "ended_at": None, "duration_seconds": None, "total": 40, "done": 16, "error": None, **more,
    }  # fmt: skip


def service_says(double: BackendDouble) -> None:
    """Answer as a service that works."""
    services = {"database": "healthy", "redis": "healthy", "workers": "offline"}
    double.says(f"{ROUTES}/health", {"status": "healthy", "services": services})
    double.says(
        f"{ROUTES}/queue",
        {"pending": 3, "processing": 1, "completed": 40, "failed": 2, "skipped": 0, "cancelled": 1,
         "max_queue_size": 10},
    )  # fmt: skip
    history(
        double, job(1), job(2, "failed", duration_seconds=9.0), job(3, "cancelled", duration_seconds=None)
    )
    workers(double, worker())
    success = run("complete", ended_at="2030-01-02T03:00:30Z", done=40)
    double.says(
        EMBEDDINGS,
        {"running": run("processing"), "progress": 0.4, "remaining_seconds": 3.5, "last_success": success,
         "last_run": run("failed", ended_at="2030-01-02T03:02:00Z"),
         "coverage": {"total": 240, "embedded": 200, "missing": 40, "by_model": {"bm25-english-v1": 200}}},
    )  # fmt: skip


def history(double: BackendDouble, *jobs: Any) -> None:
    """These jobs have ended."""
    double.says(f"{ROUTES}/jobs/history", {"jobs": list(jobs), "next_cursor": None})


def workers(double: BackendDouble, *each: Any, status: str = "Training Graph on https://f.example/a") -> None:
    """These workers are known."""
    double.says(
        f"{ROUTES}/worker/status",
        {"status": status, "active_workers": len(each), "worker_health": "healthy", "workers": list(each)},
    )
