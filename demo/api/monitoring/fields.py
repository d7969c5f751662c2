"""The pool and a model file in the fields of the contract."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Engine

from demo.faults.state import FaultFile, format_time
from demo.storage.engine import MAX_OVERFLOW, queue_pool

# The watched backend divides by this, whatever its pool can really lend.
CLAIMED_CONNECTIONS = 60
POSTGRES_FIELDS = {
    "pool_recycle": 3600, "pool_pre_ping": True, "statement_timeout_ms": 30000,
    "isolation_level": "READ COMMITTED",
}  # fmt: skip


def pool_fields(engine: Engine) -> dict[str, Any]:
    """How full the pool is; overflow is as SQLAlchemy counts it, below 0 until the pool is full."""
    pool = queue_pool(engine)
    capacity, lent = pool.size() + MAX_OVERFLOW, pool.checkedout()
    fields = {
        "database_type": engine.dialect.name, "size": pool.size(), "max_overflow": MAX_OVERFLOW,
        "checked_in": pool.checkedin(), "checked_out": lent, "overflow": pool.overflow(),
        "total_capacity": capacity, "pool_usage_percent": round(100 * lent / capacity, 2),
        "connections_available": capacity - lent,
    }  # fmt: skip
    return fields if engine.dialect.name == "sqlite" else fields | POSTGRES_FIELDS


def actual_utilization(fields: dict[str, Any]) -> dict[str, Any]:
    """The pool's use measured against what it can lend."""
    used = round(100 * fields["checked_out"] / fields["total_capacity"], 2)
    return {"max_connections": fields["total_capacity"], "utilization_percent": used}


def claimed_utilization(fields: dict[str, Any]) -> dict[str, Any]:
    """The pool's use measured against 60, as the watched backend does: 15 of 15 looks like 41.67."""
    used = max(fields["checked_out"] + fields["overflow"], 0) / CLAIMED_CONNECTIONS
    return {"max_connections": CLAIMED_CONNECTIONS, "utilization_percent": round(100 * used, 2) or 0}


def pool_warnings(fields: dict[str, Any]) -> list[dict[str, str]]:
    """A warning where the pool is nearly lent out."""
    if fields["pool_usage_percent"] < 80:
        return []
    message = f"Connection pool near capacity: {fields['pool_usage_percent']}% in use"
    return [{"level": "warning", "message": message,
             "recommendation": "Look for leaked connections or enlarge the pool"}]  # fmt: skip


def file_fields(path: Path, faults: FaultFile) -> dict[str, Any]:
    """Name, size in MB and time of change of a file that exists."""
    found = path.stat()
    changed = datetime.fromtimestamp(found.st_mtime, UTC).replace(tzinfo=None)
    return {
        "path": path.name,
        "size_mb": round(found.st_size / 1e6, 2),
        "last_modified": format_time(changed, faults),
    }
