"""Split items into batches, by number or by their lengths together."""

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

T = TypeVar("T")


def batches(items: Iterable[T], size: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size`; the last one may be shorter."""
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


def sized_batches(items: Iterable[T], size: int, length: Callable[[T], int], most: int) -> Iterator[list[T]]:
    """Yield the items in lists of `size` at most, whose lengths together are `most` at most, or of one."""
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
