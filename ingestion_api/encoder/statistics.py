"""What BM25 knows of a corpus: how many texts, how long, how many of them have each token."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Self

from ingestion_api.encoder.tokens import count_tokens

# the length taken for the average while nothing is known of the corpus
_FIRST_GUESS = 200.0


@dataclass(frozen=True)
class CorpusStatistics:
    """Counts over a corpus; a value that is stored with the model's version and never changed in place."""

    documents: int = 0
    tokens: int = 0
    frequencies: Mapping[int, int] = field(default_factory=dict)

    @property
    def average_length(self) -> float:
        """Tokens in a text, on average."""
        return self.tokens / self.documents if self.tokens else _FIRST_GUESS

    def plus(self, other: "CorpusStatistics") -> Self:
        """Return the statistics of both corpora together."""
        frequencies = Counter(self.frequencies)
        frequencies.update(other.frequencies)
        return type(self)(self.documents + other.documents, self.tokens + other.tokens, dict(frequencies))

    def minus(self, other: "CorpusStatistics") -> Self:
        """Return the statistics without texts that were counted before and are gone or changed."""
        frequencies = Counter(self.frequencies)
        frequencies.subtract(other.frequencies)
        left = {token: count for token, count in frequencies.items() if count > 0}
        return type(self)(max(self.documents - other.documents, 0), max(self.tokens - other.tokens, 0), left)

    def as_json(self) -> dict[str, Any]:
        """Return the object to store as JSON."""
        frequencies = {str(token): self.frequencies[token] for token in sorted(self.frequencies)}
        return {"documents": self.documents, "tokens": self.tokens, "frequencies": frequencies}

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> Self:
        """Return the statistics that `as_json` gave."""
        frequencies = {int(token): int(count) for token, count in stored["frequencies"].items()}
        return cls(int(stored["documents"]), int(stored["tokens"]), frequencies)


def measure(texts: Iterable[str]) -> CorpusStatistics:
    """Count a corpus."""
    documents = tokens = 0
    frequencies: Counter[int] = Counter()
    for text in texts:
        counts = count_tokens(text)
        documents, tokens = documents + 1, tokens + counts.total()
        frequencies.update(counts.keys())
    return CorpusStatistics(documents, tokens, dict(frequencies))
