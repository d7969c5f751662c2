"""Batches of texts for a learned model: sorted by length, sized by memory, halved when that runs out."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ingestion_api.encoder.protocol import Vector

SHORTEST = 16  # tokens; a device without room for these has no room for any text

Tokens = Sequence[int]
Run = Callable[[list[Tokens]], list[Vector]]
Cost = Callable[[int, int], int]


class OutOfMemory(Exception):
    """A batch did not fit into the device's memory."""


@dataclass(frozen=True)
class Piece:
    """A text, or one part of it, as tokens."""

    text: int
    tokens: Tokens


def encode_pieces(texts: Sequence[Tokens], memory: int, cost: Cost, run: Run) -> list[Vector]:
    """Return one vector a text, made in batches that cost at most `memory` bytes.

    `cost` tells the bytes of a batch from its number of texts and the length of the longest. The longest
    texts come first. A batch for which `run` raises OutOfMemory is tried again in halves; a single text is
    then read in two parts, whose larger weights are taken. Raises OutOfMemory when even a short text is
    too long.
    """
    vectors: list[Vector] = [{} for _ in texts]
    pieces = [Piece(number, tokens) for number, tokens in enumerate(texts) if tokens]
    waiting = sorted(pieces, key=lambda piece: len(piece.tokens))
    while waiting:
        batch = _take(waiting, memory, cost)
        try:
            found = run([piece.tokens for piece in batch])
        except OutOfMemory:
            # what was too much once is not tried again
            memory = cost(len(batch), len(batch[0].tokens)) // 2
            waiting += _shorter(batch)
            continue
        for piece, vector in zip(batch, found, strict=True):
            vectors[piece.text] = _larger(vectors[piece.text], vector)
    return vectors


def _take(waiting: list[Piece], memory: int, cost: Cost) -> list[Piece]:
    batch = [waiting.pop()]
    longest = len(batch[0].tokens)
    while waiting and cost(len(batch) + 1, longest) <= memory:
        batch.append(waiting.pop())
    return batch


def _shorter(batch: list[Piece]) -> list[Piece]:
    if len(batch) > 1:
        return batch[::-1]
    piece = batch[0]
    half = len(piece.tokens) // 2
    if half < SHORTEST:
        raise OutOfMemory(f"the device has no room for a text of {len(piece.tokens)} tokens")
    return [Piece(piece.text, piece.tokens[:half]), Piece(piece.text, piece.tokens[half:])]


def _larger(one: Vector, other: Vector) -> Vector:
    if not one:
        return other
    return {token: max(one.get(token, 0.0), other.get(token, 0.0)) for token in one | other}
