"""What a model's file looks like from outside."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from demo.faults.local_time import told
from demo.faults.state import FaultFile


def file_fields(path: Path, faults: FaultFile) -> dict[str, Any]:
    """Name, size in MB and time of change of a file that exists."""
    found = path.stat()
    changed = datetime.fromtimestamp(found.st_mtime, UTC).replace(tzinfo=None)
    return {
        "path": path.name,
        "size_mb": round(found.st_size / 1e6, 2),
        "last_modified": told(changed, faults),
    }
