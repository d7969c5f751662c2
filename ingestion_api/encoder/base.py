"""The protocol of sparse encoders, and their errors."""

from collections.abc import Sequence
from typing import Protocol

Vector = dict[int, float]


class EncoderUnavailable(RuntimeError):
    """An encoder that cannot run here; the message names what is missing."""


class EncoderOutOfMemory(EncoderUnavailable):
    """A device without memory even for a short text; it may have some later."""


class SparseEncoder(Protocol):
    """Texts to vectors; `name` is that of the model that made them."""

    @property
    def name(self) -> str:
        """The name to store beside each vector."""

    def encode(self, texts: Sequence[str]) -> list[Vector]:
        """Return one vector a text, {token id: weight}, weights above 0; a text without words gives {}."""

    def encode_query(self, text: str) -> Vector:
        """Return the vector whose dot product with a text's vector ranks that text."""


def score(query: Vector, document: Vector) -> float:
    """Return the dot product: how well a document matches a query."""
    return sum(weight * document[token] for token, weight in query.items() if token in document)
