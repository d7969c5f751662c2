"""Signs that stored vectors were not made by the model whose name they carry.

The watched backend falls back to Python's hash(), which is salted anew in each process, and still stores the
name of the real model. What can be seen from outside: token ids that the model's vocabulary does not have;
weights that are whole counts, as no learned model gives them; equal texts whose vectors share no terms.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise

Vector = Mapping[int, float]

MAX_TOKEN_ID = 2**32  # ids of a hashing encoder are 32 bits wide at most, those of Python's hash() are 61
MIN_TERMS = 6  # terms from which on equal spacing of weights is no accident
SPACING_TOLERANCE = 0.05
MIN_OVERLAP = 0.5


@dataclass(frozen=True)
class EmbeddingAudit:
    """Of the newest vectors under one model name: how many were looked at, how many are suspect, why.

    `suspect` counts a vector once, whatever speaks against it.
    """

    model: str
    sampled: int
    suspect: int
    impossible_ids: int
    whole_counts: int
    unlike_twins: int


@dataclass(frozen=True)
class StoredVector:
    """One stored vector: the row it belongs to, the text it was made from, and its JSON."""

    id: str
    text: str
    vector: Vector | None

    @property
    def terms(self) -> frozenset[int]:
        """The token ids."""
        return frozenset(self.vector or ())


def audit_vectors(model: str, stored: Iterable[StoredVector], vocabulary: int | None) -> EmbeddingAudit:
    """What speaks against these vectors of a model with `vocabulary` tokens, None if unknown."""
    rows = [row for row in stored if row.vector]
    ids = {row.id for row in rows if not is_in_vocabulary(row.vector or {}, vocabulary or MAX_TOKEN_ID)}
    # a model that is not known may well count terms; a learned one does not
    counts = {row.id for row in rows if vocabulary is not None and has_count_weights(row.vector or {})}
    twins = find_mismatched_twins(rows)
    return EmbeddingAudit(model, len(rows), len(ids | counts | twins), len(ids), len(counts), len(twins))


def is_in_vocabulary(vector: Vector, vocabulary: int) -> bool:
    """Whether every token id lies in the vocabulary."""
    return all(0 <= token < vocabulary for token in vector)


def has_count_weights(vector: Vector) -> bool:
    """Whether all weights are whole multiples of the smallest, as term frequencies are."""
    weights = [weight for weight in vector.values() if weight > 0]
    if len(weights) < MIN_TERMS:
        return False
    smallest = min(weights)
    return all(abs(weight / smallest - round(weight / smallest)) < SPACING_TOLERANCE for weight in weights)


def find_mismatched_twins(rows: Iterable[StoredVector]) -> set[str]:
    """The rows with the text of another row, while their vectors share less than half of their terms."""
    by_text: dict[str, list[StoredVector]] = {}
    for row in rows:
        if row.text.strip():
            by_text.setdefault(row.text, []).append(row)
    found: set[str] = set()
    for twins in by_text.values():
        for a, b in pairwise(twins):
            if len(a.terms & b.terms) < MIN_OVERLAP * len(a.terms | b.terms):
                found |= {a.id, b.id}
    return found


def parse_vector(text: object) -> Vector | None:
    """The vector in a column; None when it is no JSON object of numbers by token id."""
    try:
        body = json.loads(text) if isinstance(text, str) else text
        return {int(token): float(weight) for token, weight in body.items()}  # type: ignore[union-attr]
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return None
