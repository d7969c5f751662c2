"""What graphics cards this machine has."""

import shutil
import subprocess
from typing import Any

QUERY = ("--query-gpu=name,memory.total,driver_version", "--format=csv,noheader,nounits")
TIMEOUT = 5.0


def gpu_info(command: str = "nvidia-smi") -> dict[str, Any]:
    """{"available", "cards": [{"name", "memory_bytes", "driver"}]}; no card when the driver's tool fails."""
    tool = shutil.which(command)
    if tool is None:
        return {"available": False, "cards": []}
    try:
        answer = subprocess.run(  # noqa: S603 - a fixed question to a tool found on the path
            [tool, *QUERY], capture_output=True, text=True, timeout=TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError):
        return {"available": False, "cards": []}
    cards = [card for line in answer.stdout.splitlines() if (card := _parse_card(line))]
    return {"available": bool(cards), "cards": cards}


def _parse_card(line: str) -> dict[str, Any] | None:
    parts = [part.strip() for part in line.split(",")]
    if len(parts) != 3 or not parts[1].isdigit():
        return None
    return {"name": parts[0], "memory_bytes": int(parts[1]) * 1024 * 1024, "driver": parts[2]}
