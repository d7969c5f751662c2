"""Small numpy models that train and infer: recommendations, topics, and their files."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from demo.sparse_encoders import tokenize

Matrix = NDArray[np.float64]
NCF = "ncf_model"
CLASSIFIER = "classifier"
MODELS = (NCF, CLASSIFIER)


@dataclass(frozen=True)
class FactorModel:
    """Users and items as vectors whose product is the expected strength of an interaction."""

    users: tuple[str, ...]
    items: tuple[str, ...]
    user_vectors: Matrix
    item_vectors: Matrix

    def recommend(self, user: str, how_many: int) -> list[tuple[str, float]]:
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


def train_factors(strengths: list[tuple[str, str, float]], width: int = 8, rounds: int = 6) -> FactorModel:
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
    return FactorModel(users, items, left, right)


def _solve(known: Matrix, other: Matrix) -> Matrix:
    ridge = 0.1 * np.eye(other.shape[1])
    solved = np.linalg.solve(other.T @ other + ridge, other.T @ known.T)
    return np.asarray(solved.T, dtype=np.float64)


@dataclass(frozen=True)
class Classifier:
    """Topics, known words and the log probability of each word in each topic."""

    topics: tuple[str, ...]
    words: tuple[str, ...]
    log_prior: Matrix
    log_likelihood: Matrix

    def classify(self, text: str) -> tuple[str, float]:
        """The most likely topic and its probability; raises ValueError for a text without words."""
        found = tokenize(text)
        if not found:
            raise ValueError("the text has no words to classify")
        places = {word: place for place, word in enumerate(self.words)}
        known = [places[word] for word in found if word in places]
        scores = self.log_prior + self.log_likelihood[:, known].sum(axis=1)
        shares = np.exp(scores - scores.max())
        best = int(np.argmax(shares))
        return self.topics[best], float(shares[best] / shares.sum())


def train_classifier(examples: Iterable[tuple[str, str]]) -> Classifier:
    """Learn from (text, topic) pairs, with add-one smoothing."""
    pairs = [(tokenize(text), topic) for text, topic in examples]
    topics = tuple(sorted({topic for _, topic in pairs}))
    words = tuple(sorted({word for found, _ in pairs for word in found}))
    counts = np.ones((len(topics), len(words)))
    seen = np.zeros(len(topics))
    places = {word: place for place, word in enumerate(words)}
    for found, topic in pairs:
        row = topics.index(topic)
        seen[row] += 1
        for word in found:
            counts[row, places[word]] += 1
    likelihood = np.log(counts / counts.sum(axis=1, keepdims=True))
    return Classifier(topics, words, np.log(seen / seen.sum()), likelihood)


def model_path(folder: Path, name: str) -> Path:
    """Where the file of this model lies."""
    return folder / f"{name}.npz"


def save_factors(folder: Path, model: FactorModel) -> Path:
    """Write the recommendation model."""
    return _write(
        model_path(folder, NCF),
        {"users": np.array(model.users), "items": np.array(model.items),
         "user_vectors": model.user_vectors, "item_vectors": model.item_vectors},
    )  # fmt: skip


def load_factors(folder: Path) -> FactorModel:
    """Read the recommendation model; raises OSError, ValueError, KeyError or BadZipFile."""
    with np.load(model_path(folder, NCF), allow_pickle=False) as found:
        return FactorModel(
            tuple(found["users"].tolist()), tuple(found["items"].tolist()),
            found["user_vectors"], found["item_vectors"],
        )  # fmt: skip


def save_classifier(folder: Path, model: Classifier) -> Path:
    """Write the topic classifier."""
    return _write(
        model_path(folder, CLASSIFIER),
        {"topics": np.array(model.topics), "words": np.array(model.words),
         "log_prior": model.log_prior, "log_likelihood": model.log_likelihood},
    )  # fmt: skip


def load_classifier(folder: Path) -> Classifier:
    """Read the topic classifier; raises OSError, ValueError, KeyError or BadZipFile if it cannot be read."""
    with np.load(model_path(folder, CLASSIFIER), allow_pickle=False) as found:
        return Classifier(
            tuple(found["topics"].tolist()), tuple(found["words"].tolist()),
            found["log_prior"], found["log_likelihood"],
        )  # fmt: skip


def _write(path: Path, arrays: dict[str, Any]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_suffix(".new.npz")
    np.savez(fresh, **arrays)
    fresh.replace(path)
    return path
