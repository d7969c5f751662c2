"""A text classifier: the topic of a resource by naive Bayes over its words."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from demo.learning.sparse import words_of

Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class Classifier:
    """Topics, known words and the log probability of each word in each topic."""

    topics: tuple[str, ...]
    words: tuple[str, ...]
    log_prior: Matrix
    log_likelihood: Matrix

    def classify(self, text: str) -> tuple[str, float]:
        """The most likely topic and its probability; raises ValueError for a text without words."""
        found = words_of(text)
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
    pairs = [(words_of(text), topic) for text, topic in examples]
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
