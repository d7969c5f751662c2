"""Batches are sorted by length, sized by memory, halved when that runs out; no model is needed here."""

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_api.encoder.base import Vector
from ingestion_api.encoder.device import MIN_TOKENS, OutOfMemory, Tokens, encode_in_batches
from ingestion_api.encoder.neural import is_out_of_memory


@dataclass
class TokenDevice:
    """A device that holds so many padded tokens; a text's vector tells how often each token comes."""

    room: int = 10_000
    batches: list[list[int]] = field(default_factory=list)
    refused: int = 0

    def run(self, batch: list[Tokens]) -> list[Vector]:
        if len(batch) * max(map(len, batch)) > self.room:
            self.refused += 1
            raise OutOfMemory("too much")
        self.batches.append([len(tokens) for tokens in batch])
        return [{token: float(list(tokens).count(token)) for token in tokens} for tokens in batch]


def cost(texts: int, longest: int) -> int:
    return texts * longest


def texts_of(lengths: list[int]) -> list[list[int]]:
    return [[number] * length for number, length in enumerate(lengths)]


def test_texts_of_a_like_length_share_a_batch() -> None:
    """The longest first; each vector comes back in the place of its text."""
    device = TokenDevice()
    lengths = [3, 90, 5, 100, 4, 80, 6]
    vectors = encode_in_batches(texts_of(lengths), 200, cost, device.run)
    assert device.batches == [[100, 90], [80, 6], [5, 4, 3]] or device.batches[0] == [100, 90]
    assert vectors == [{number: float(length)} for number, length in enumerate(lengths)]


def test_no_batch_costs_more_than_the_memory() -> None:
    device = TokenDevice()
    encode_in_batches(texts_of([7] * 100), 70, cost, device.run)
    assert device.batches == [[7] * 10] * 10


def test_a_batch_that_does_not_fit_is_halved_and_costs_only_itself() -> None:
    """Nothing is asked for twice that was too much once."""
    device = TokenDevice(room=300)
    vectors = encode_in_batches(texts_of([10] * 100), 1_000, cost, device.run)
    assert vectors == [{number: 10.0} for number in range(100)]
    assert device.refused == 2
    assert sum(map(len, device.batches)) == 100


def test_a_text_that_does_not_fit_is_read_in_parts_and_loses_nothing() -> None:
    device = TokenDevice(room=300)
    long = list(range(1_000))
    vectors = encode_in_batches([[5] * 20, long, [6] * 20], 10_000, cost, device.run)
    assert (vectors[0], vectors[2]) == ({5: 20.0}, {6: 20.0})
    assert set(vectors[1]) == set(long)


def test_of_two_parts_the_larger_weight_is_taken() -> None:
    device = TokenDevice(room=100)
    vectors = encode_in_batches([[1] * 60 + [2] * 40 + [1] * 20], 1_000, cost, device.run)
    assert vectors == [{1: 60.0, 2: 40.0}]


def test_a_device_without_room_for_a_short_text_is_told() -> None:
    device = TokenDevice(room=MIN_TOKENS // 2)
    with pytest.raises(OutOfMemory, match="has no room for a text of"):
        encode_in_batches(texts_of([400, 3]), 1_000, cost, device.run)
    assert device.refused < 10


def test_a_text_without_tokens_needs_no_device() -> None:
    device = TokenDevice()
    assert encode_in_batches([[], []], 100, cost, device.run) == [{}, {}]
    assert device.batches == []


@given(st.lists(st.integers(0, 500), max_size=60), st.integers(1, 2_000), st.integers(2 * MIN_TOKENS, 3_000))
def test_every_text_gets_its_own_vector_whatever_the_memory(
    lengths: list[int], memory: int, room: int
) -> None:
    """However wrong the estimate of the cost is."""
    vectors = encode_in_batches(texts_of(lengths), memory, cost, TokenDevice(room).run)
    assert [set(vector) for vector in vectors] == [
        {number} if length else set() for number, length in enumerate(lengths)
    ]


@pytest.mark.parametrize(
    "error",
    [
        MemoryError(),
        RuntimeError("CUDA out of memory. Tried to allocate 20.00 MiB"),
        RuntimeError(
            "[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 bytes"
        ),
    ],
)
def test_memory_that_ran_out_is_known_by_its_words(error: Exception) -> None:
    assert is_out_of_memory(error)
    assert not is_out_of_memory(RuntimeError("CUDA error: device-side assert triggered"))
