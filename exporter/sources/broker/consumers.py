"""Who takes from which queue: what inspected workers answered, less those whose heartbeat has stopped."""

from collections.abc import Mapping

from exporter.sources.broker.inspection import InspectReply

WorkerStates = Mapping[str, bool | None]  # by worker; None is unknown


def count_alive(up: WorkerStates, heard_long_enough: bool) -> int | None:
    """How many workers are up; None while their heartbeats may simply not have reached us yet."""
    count = sum(state is True for state in up.values())
    if count == 0 and (not heard_long_enough or None in up.values()):
        return None
    return count


def count_consumers(
    queue: str, inspected: Mapping[str, InspectReply] | None, up: WorkerStates, alive: int | None
) -> int | None:
    """How many workers take from the queue; None when nobody could say."""
    if alive == 0:
        return 0
    if inspected is None:
        return None
    count = sum(queue in worker.queues for name, worker in inspected.items() if up.get(name) is not False)
    return count if count or not uninspected_workers(inspected, up) else None


def uninspected_workers(inspected: Mapping[str, InspectReply], up: WorkerStates) -> set[str]:
    """The workers that are up and whose queues we do not know."""
    return {name for name, state in up.items() if state and name not in inspected}
