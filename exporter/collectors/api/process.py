"""The processes that serve the API."""

from collections.abc import Iterable

from prometheus_client import Metric

from exporter.metrics import Counter, Gauge
from exporter.sources import Sources

PROCESSES = Gauge("ops_backend_processes", "Server processes that answered within the last minute.")
PROCESS_STARTED = Gauge(
    "ops_backend_start_time_seconds", "Unix time at which the newest of the backend's processes started."
)
MEMORY = Gauge("ops_backend_resident_memory_bytes", "Resident memory of these processes.")
CPU = Counter("ops_backend_cpu_seconds_total", "CPU time of the processes, user and system.")
OPEN_FILES = Gauge("ops_backend_open_file_descriptors", "Open file descriptors of these processes.")
MAX_FILES = Gauge("ops_backend_max_file_descriptors", "File descriptors that one process may open.")
PROCESS_METRICS = (PROCESSES, PROCESS_STARTED, MEMORY, CPU, OPEN_FILES, MAX_FILES)


async def read_process(sources: Sources) -> Iterable[Metric]:
    """What the backend's own page says of its processes."""
    totals = await sources.backend.totals.answer()
    return (
        PROCESSES.one(totals.processes),
        PROCESS_STARTED.one(totals.started),
        MEMORY.one(totals.memory),
        CPU.one(totals.cpu_seconds),
        OPEN_FILES.one(totals.open_files),
        MAX_FILES.one(totals.most_files),
    )
