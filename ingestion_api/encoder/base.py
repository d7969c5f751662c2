"""What every sparse encoder offers."""

from collections.abc import Sequence
from typing import Protocol

Vector = dict[int, float]


class EncoderUnavailable(RuntimeError):
    """An encoder that cannot run here; the message says what is missing."""


class EncoderOutOfMemory(EncoderUnavailable):
    """A device that has no room even for a short text now; it may have later."""


class SparseEncoder(Protocol):
    """Texts to vectors; `name` says which model really made them."""

    @property
    def name(self) -> str:
        """The name to store beside each vector."""

    def encode(self, texts: Sequence[str]) -> list[Vector]:
        """Return one vector a text, {token id: weight}, weights above 0; a text without words gives {}."""

    def encode_query(self, text: str) -> Vector:
        """Return the vector whose dot product with a text's vector ranks that text."""


def score(query: Vector, document: Vector) -> float:
    """Return the dot product: how well a document answers a query."""
    return sum(weight * document[token] for token, weight in query.items() if token in document)
