"""What a piece of work sees of the job it belongs to: its progress, and whether to stop."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


@dataclass
class Progress:
    """How far the work is; the thread that renews the claim writes it down."""

    stage: str | None = None
    files_total: int | None = None
    files_processed: int | None = None
    embeddings_total: int | None = None
    embeddings_generated: int | None = None


def _do_nothing() -> None:
    """Nobody asks to stop."""


@dataclass
class JobControl:
    """`pause` is called often and raises when the work should stop; `save` writes the progress down now.

    `notes` are kept in the job's story when it ends well; `warnings` are shown as well.
    """

    progress: Progress = field(default_factory=Progress)
    pause: Callable[[], None] = _do_nothing
    save: Callable[[], None] = _do_nothing
    notes: list[str] = field(default_factory=list)
    warnings: list[str] = field(default_factory=list)


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """The items in lists of `size`; the last one may be shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def sized_batches(items: Iterable[T], size: int, length: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """The items in lists of at most `size`, and of lengths of at most `most` together or of one item."""
    batch: list[T] = []
    together = 0
    for item in items:
        here = length(item)
        if batch and (len(batch) == size or together + here > most):
            yield batch
            batch, together = [], 0
        batch.append(item)
        together += here
    if batch:
        yield batch
