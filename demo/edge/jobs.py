"""What the edge worker does with a repository: walk its graph and embed the nodes."""

import random
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import numpy as np

from demo.storage.engine import now

STEP = 0.25
# Files whose vectors fit the pretended graphics memory.
MEMORY_FILES = 280


def run_job(
    job: dict[str, Any], mean_seconds: float, chance: random.Random, alive: Callable[[], None]
) -> dict[str, Any]:
    """Work through one repository and return its record, which lacks only its time; alive is called often."""
    age = (now() - datetime.fromisoformat(job["submitted_at"])).total_seconds()
    base = {"repo_url": job["repo_url"], "ttl": job.get("ttl", 86400)}
    if age > float(base["ttl"]):
        return base | {"status": "skipped", "reason": "Task exceeded TTL", "age_seconds": round(age, 1)}
    start = time.monotonic()
    files = int(chance.lognormvariate(4.5, 0.7)) + 1
    try:
        embed_graph(files)
    except MemoryError as error:
        return base | {"status": "failed", "error": str(error)[:100]}
    until = start + mean_seconds * chance.uniform(0.3, 1.7)
    while time.monotonic() < until:
        alive()
        time.sleep(STEP)
    spent = round(time.monotonic() - start, 2)
    return base | {"status": "complete", "duration_seconds": spent, "files_processed": files,
                   "embeddings_generated": files}  # fmt: skip


def embed_graph(files: int) -> np.ndarray:
    """Vectors of a graph of this many files; raises MemoryError beyond what fits."""
    if files > MEMORY_FILES:
        raise MemoryError("CUDA out of memory")
    generator = np.random.default_rng(files)
    links = generator.random((files, files)) < min(4 / files, 1)
    walks = np.linalg.matrix_power(links / np.maximum(links.sum(axis=1, keepdims=True), 1), 3)
    vectors, weights, _ = np.linalg.svd(walks, full_matrices=False)
    found: np.ndarray = vectors[:, :16] * weights[:16]
    return found
