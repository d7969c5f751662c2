"""Where each worker circles in the picture; the policy forbids inline styles, so places are attributes."""

from collections.abc import Sequence
from dataclasses import dataclass

from ingestion_api.workers import WorkerState

PER_RING = 6
_FIRST_RADIUS = 62
_RING_WIDTH = 38


@dataclass(frozen=True)
class OrbitPosition:
    """One worker's place: the ring's radius, where on it the worker starts, in degrees."""

    worker: WorkerState
    label: str
    radius: int
    angle: int


def orbit_positions(workers: Sequence[WorkerState]) -> list[OrbitPosition]:
    """Return the places of the workers, six on a ring."""
    return [_orbit(index, worker, len(workers)) for index, worker in enumerate(workers)]


def _orbit(index: int, worker: WorkerState, total: int) -> OrbitPosition:
    ring, place = divmod(index, PER_RING)
    on_this_ring = min(PER_RING, total - ring * PER_RING)
    angle = 360 * place // on_this_ring + 25 * ring - 60
    return OrbitPosition(worker, str(index + 1), _FIRST_RADIUS + _RING_WIDTH * ring, angle)
