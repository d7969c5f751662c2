"""The shape of an answer: its keys, all the way down."""

from typing import Any

# Below these keys, the keys are data.
OPEN = (
    "event_types",
    "method_timings",
    "active_tasks",
    "scheduled_tasks",
    "stats",
    "interactions_by_type",
    "data",
)


def shape(value: Any) -> Any:
    """Keys of objects, the shape of the first item of lists, the kind of everything else."""
    if isinstance(value, dict):
        return {key: "open" if key in OPEN else shape(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [shape(value[0])] if value else []
    return type(value).__name__


def missing(expected: Any, found: Any, place: str = "") -> list[str]:
    """Places of keys that are expected and not found."""
    if isinstance(expected, dict):
        if not isinstance(found, dict):
            return [place or "/"]
        lost = [f"{place}/{key}" for key in expected if key not in found]
        inner = [missing(expected[key], found[key], f"{place}/{key}") for key in expected if key in found]
        return lost + [flaw for flaws in inner for flaw in flaws]
    if isinstance(expected, list) and expected and isinstance(found, list) and found:
        return missing(expected[0], found[0], f"{place}[]")
    return []
