"""Audits a sample of stored sparse vectors for signs that another model made them.

The watched backend falls back to Python's hash(), which is salted in each process, and still stores the name
of the real model. Visible signs are:
- token ids outside of the model's vocabulary,
- weights that are whole counts, as no learned model produces them,
- equal texts whose vectors share few terms.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from sqlalchemy import Connection, Select, func, select

from exporter.sources.database.resources import NO_MODEL, RESOURCES, has_sparse_embeddings
from exporter.sources.database.schema import read_schema

Vector = Mapping[int, float]

MAX_TOKEN_ID = 2**32  # a hashing encoder's ids have 32 bits at most, those of Python's hash() have 61
MIN_TERMS = 6  # fewer terms can have whole weights by accident
SPACING_TOLERANCE = 0.05
MIN_OVERLAP = 0.5
C = RESOURCES.c
HAS_VECTOR = func.coalesce(C.sparse_embedding, "").not_in(("", "{}"))
MAX_SHARED_TITLES = 10  # titles of several rows, compared for equal texts
MAX_VECTOR_LENGTH = 200_000  # characters; longer vectors are not fetched


@dataclass(frozen=True)
class EmbeddingAudit:
    """The newest vectors under one model name: how many were sampled, how many are suspect, and why.

    `suspect` counts a vector once, however many signs it shows.
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
    """Audit vectors of a model with `vocabulary` tokens, None if unknown."""
    rows = [row for row in stored if row.vector]
    ids = {row.id for row in rows if not is_in_vocabulary(row.vector or {}, vocabulary or MAX_TOKEN_ID)}
    # an unknown model may count terms; a learned one does not
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
    """The vector in a column; None unless it is a JSON object of numbers by token id."""
    try:
        body = json.loads(text) if isinstance(text, str) else text
        return {int(token): float(weight) for token, weight in body.items()}  # type: ignore[union-attr]
    except (ValueError, TypeError, AttributeError, RecursionError, OverflowError):
        return None


def read_embedding_audits(
    connection: Connection, sample: int, models: int, vocabularies: Mapping[str, int]
) -> tuple[EmbeddingAudit, ...]:
    """Audit the `sample` newest vectors of each of the `models` most used models."""
    if not has_sparse_embeddings(read_schema(connection)) or sample == 0:
        return ()
    used = (
        select(C.sparse_embedding_model)
        .where(HAS_VECTOR)
        .group_by(C.sparse_embedding_model)
        .order_by(func.count().desc())
        .limit(models)
    )
    names = list(connection.execute(used).scalars())
    return tuple(
        audit_vectors(
            str(name or NO_MODEL), sample_vectors(connection, name, sample), vocabularies.get(str(name))
        )
        for name in names
    )


def sample_vectors(connection: Connection, model: str | None, sample: int) -> list[StoredVector]:
    """The newest vectors under this name, and those of rows with a repeated title."""
    ofmodel = (HAS_VECTOR, C.sparse_embedding_model.is_not_distinct_from(model))
    newest = select(C.id).where(*ofmodel).order_by(C.sparse_embedding_updated_at.desc()).limit(sample)
    titles = (
        select(C.title).where(*ofmodel).group_by(C.title).having(func.count() > 1).limit(MAX_SHARED_TITLES)
    )
    rows: dict[str, StoredVector] = {}
    for chosen in (C.id.in_(newest), C.title.in_(titles)):
        query = select(C.id, C.title, C.description, C.sparse_embedding).where(*ofmodel, chosen)
        rows |= fetch_vectors(
            connection, query.where(func.length(C.sparse_embedding) < MAX_VECTOR_LENGTH).limit(2 * sample)
        )
    return list(rows.values())


def fetch_vectors(connection: Connection, query: Select[Any]) -> dict[str, StoredVector]:
    """The rows of the query by id."""
    return {
        str(key): StoredVector(str(key), f"{title or ''}\n{description or ''}", parse_vector(vector))
        for key, title, description, vector in connection.execute(query)
    }
