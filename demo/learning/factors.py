"""Recommendations by matrix factorisation: who likes what, as two small matrices."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Factors:
    """Users and items as vectors whose product is the expected strength of an interaction."""

    users: tuple[str, ...]
    items: tuple[str, ...]
    user_vectors: Matrix
    item_vectors: Matrix

    def best_for(self, user: str, how_many: int) -> list[tuple[str, float]]:
        """The items this user would like most with their scores; for a stranger, the most liked ones."""
        if not self.items:
            return []
        row = (
            self.user_vectors[self.users.index(user)]
            if user in self.users
            else self.user_vectors.mean(axis=0)
        )
        scores = self.item_vectors @ row
        order = np.argsort(scores)[::-1][:how_many]
        return [(self.items[place], float(scores[place])) for place in order]


def train_factors(strengths: list[tuple[str, str, float]], width: int = 8, rounds: int = 6) -> Factors:
    """Alternating least squares over (user, item, strength 0..1)."""
    users = tuple(sorted({user for user, _, _ in strengths}))
    items = tuple(sorted({item for _, item, _ in strengths}))
    known = np.zeros((len(users), len(items)))
    rows, columns = {u: n for n, u in enumerate(users)}, {i: n for n, i in enumerate(items)}
    for user, item, strength in strengths:
        known[rows[user], columns[item]] = strength
    generator = np.random.default_rng(13)
    left, right = generator.normal(0, 0.1, (len(users), width)), generator.normal(0, 0.1, (len(items), width))
    for _ in range(rounds):
        left = _solve(known, right)
        right = _solve(known.T, left)
    return Factors(users, items, left, right)


def _solve(known: Matrix, other: Matrix) -> Matrix:
    ridge = 0.1 * np.eye(other.shape[1])
    solved = np.linalg.solve(other.T @ other + ridge, other.T @ known.T)
    return np.asarray(solved.T, dtype=np.float64)
