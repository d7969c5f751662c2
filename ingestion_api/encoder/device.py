"""Where neural encoders run: the device, its precision, and batches that fit into its memory."""

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion_api.encoder.base import EncoderUnavailable, Vector

GPU_SHARE = 0.5  # of the free memory of a GPU
CPU_SHARE = 0.1  # of the free memory, which the databases and the other workers share
CPU_MAX_BYTES = 2**30
MIN_TOKENS = 16  # tokens; a device without memory for these can encode no text
Tokens = Sequence[int]
EncodeBatch = Callable[[list[Tokens]], list[Vector]]
BatchCost = Callable[[int, int], int]


@dataclass(frozen=True)
class DeviceSettings:
    """The settings of the device; "auto" selects a GPU where there is one, and half precision on it."""

    device: str = "auto"
    precision: str = "auto"
    memory: int | None = None


@dataclass(frozen=True)
class Device:
    """A device: its name, its torch data type, and the bytes that a batch may take."""

    name: str
    dtype: Any
    memory: int


def find_device(torch: Any, choice: DeviceSettings) -> Device:
    """Return the selected device; EncoderUnavailable when it is missing."""
    name = _device_name(torch, choice.device)
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise EncoderUnavailable(
            f"encoder_device is {choice.device!r}, which torch cannot use here "
            f"({type(error).__name__}); expected auto, cpu or an existing GPU"
        ) from error
    return Device(name, _dtype(torch, name, choice.precision), choice.memory or _batch_memory(torch, name))


def _device_name(torch: Any, requested: str) -> str:
    if requested != "auto":
        return requested
    return "cuda" if torch.cuda.is_available() else "cpu"


def _dtype(torch: Any, name: str, precision: str) -> Any:
    if precision == "auto":
        precision = "full" if name == "cpu" else "half"
    return {"full": torch.float32, "half": torch.float16, "bfloat16": torch.bfloat16}[precision]


def _batch_memory(torch: Any, name: str) -> int:
    if name.startswith("cuda"):
        return int(torch.cuda.mem_get_info(name)[0] * GPU_SHARE)
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(min(free * CPU_SHARE, CPU_MAX_BYTES))


class OutOfMemory(Exception):
    """A batch did not fit into the device's memory."""


@dataclass(frozen=True)
class TextPart:
    """A text, or one part of it, as tokens."""

    text: int
    tokens: Tokens


def encode_in_batches(
    texts: Sequence[Tokens], memory: int, cost: BatchCost, run: EncodeBatch
) -> list[Vector]:
    """Return one vector a text, made in batches that cost at most `memory` bytes.

    `cost` returns the bytes of a batch for its number of texts and the length of the longest. The longest
    texts come first. When `run` raises OutOfMemory, the batch is retried in halves; a single text is split
    into two parts, and the larger weights count. Raises OutOfMemory when even a short text does not fit.
    """
    vectors: list[Vector] = [{} for _ in texts]
    pieces = [TextPart(number, tokens) for number, tokens in enumerate(texts) if tokens]
    pending = sorted(pieces, key=lambda piece: len(piece.tokens))
    while pending:
        batch = _take_batch(pending, memory, cost)
        try:
            results = run([piece.tokens for piece in batch])
        except OutOfMemory:
            # later batches stay below what failed
            memory = cost(len(batch), len(batch[0].tokens)) // 2
            pending += _halve(batch)
            continue
        for piece, vector in zip(batch, results, strict=True):
            vectors[piece.text] = _max_weights(vectors[piece.text], vector)
    return vectors


def _take_batch(pending: list[TextPart], memory: int, cost: BatchCost) -> list[TextPart]:
    batch = [pending.pop()]
    longest = len(batch[0].tokens)
    while pending and cost(len(batch) + 1, longest) <= memory:
        batch.append(pending.pop())
    return batch


def _halve(batch: list[TextPart]) -> list[TextPart]:
    if len(batch) > 1:
        return batch[::-1]
    piece = batch[0]
    half = len(piece.tokens) // 2
    if half < MIN_TOKENS:
        raise OutOfMemory(f"the device has no room for a text of {len(piece.tokens)} tokens")
    return [TextPart(piece.text, piece.tokens[:half]), TextPart(piece.text, piece.tokens[half:])]


def _max_weights(one: Vector, other: Vector) -> Vector:
    if not one:
        return other
    return {token: max(one.get(token, 0.0), other.get(token, 0.0)) for token in one | other}
