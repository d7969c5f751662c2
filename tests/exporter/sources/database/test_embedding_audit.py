"""Signs that a vector was not made by the model that it names, each at its bound."""

import pytest

from exporter.sources.database.embedding_audit import (
    EmbeddingAudit,
    StoredVector,
    Vector,
    audit_vectors,
    find_mismatched_twins,
    has_count_weights,
    is_in_vocabulary,
    parse_vector,
)


def weights(*values: float) -> Vector:
    """A vector with these weights."""
    return dict(enumerate(values))


@pytest.mark.parametrize(
    ("vector", "counts"),
    [
        (weights(0.2, 0.2, 0.4, 0.6, 0.2, 1.0), True),
        (weights(0.2, 0.2, 0.4, 0.6, 0.2), False),  # too few terms to tell
        (weights(0.2, 0.2, 0.4, 0.6, 0.2, 0.0), False),
        (weights(0.2, 0.2, 0.4, 0.6, 0.2, 1.0, -0.3), True),
        (weights(1, 1, 2, 3, 1, 2.04), True),
        (weights(1, 1, 2, 3, 1, 1.96), True),
        (weights(1, 1, 2, 3, 1, 2.06), False),
        (weights(1, 1, 2, 3, 1, 1.94), False),
        (weights(), False),
    ],
)
def test_counts_are_whole_multiples_of_the_smallest_weight(vector: Vector, counts: bool) -> None:
    assert has_count_weights(vector) is counts


@pytest.mark.parametrize(("token", "inside"), [(0, True), (99, True), (100, False), (-1, False)])
def test_a_vocabulary_holds_the_ids_from_0_up_to_its_size(token: int, inside: bool) -> None:
    assert is_in_vocabulary({5: 0.1, token: 0.1}, 100) is inside


def stored(name: str, terms: range, text: str = "twins") -> StoredVector:
    """A vector with these terms."""
    return StoredVector(name, text, {term: 0.5 + term / 97 for term in terms})


@pytest.mark.parametrize(
    ("other", "mismatched"),
    [
        (stored("b", range(10)), set()),
        (stored("b", range(5)), set()),  # half of the terms
        (stored("b", range(4)), {"a", "b"}),
        (stored("b", range(10, 20)), {"a", "b"}),
        (stored("b", range(10, 20), text="another"), set()),
    ],
)
def test_equal_texts_share_half_of_their_terms(other: StoredVector, mismatched: set[str]) -> None:
    assert find_mismatched_twins([stored("a", range(10)), other]) == mismatched


def test_rows_without_a_text_are_no_twins() -> None:
    rows = [stored("a", range(10), " "), stored("b", range(10, 20), " ")]
    assert find_mismatched_twins(rows) == set()


def test_a_vector_with_several_signs_is_suspect_once() -> None:
    counting = StoredVector("a", "twins", {200: 1, 1: 1, 2: 1, 3: 1, 4: 2, 5: 3})
    rows = [counting, stored("b", range(10, 20)), StoredVector("c", "", None), StoredVector("d", "", {})]
    assert audit_vectors("m", rows, 100) == EmbeddingAudit("m", 2, 2, 1, 1, 1 + 1)
    assert audit_vectors("m", rows, None) == EmbeddingAudit("m", 2, 2, 0, 0, 2)


def test_an_unknown_model_has_ids_of_32_bits() -> None:
    rows = [StoredVector("a", "", {2**32 - 1: 0.5}), StoredVector("b", "", {2**32: 0.5})]
    assert audit_vectors("m", rows, None) == EmbeddingAudit("m", 2, 1, 1, 0, 0)


@pytest.mark.parametrize(
    ("text", "vector"),
    [
        ('{"5": 0.5}', {5: 0.5}),
        ({"5": "0.5"}, {5: 0.5}),
        ("[5]", None),
        ("{", None),
        (None, None),
        ('{"a": 1}', None),
        ('{"5": null}', None),
        ('{"5": [1]}', None),
    ],
)
def test_a_vector_is_an_object_of_numbers(text: object, vector: Vector | None) -> None:
    assert parse_vector(text) == vector
