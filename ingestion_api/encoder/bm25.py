"""BM25 term weights: no model to download, the same vectors on every machine."""

import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from ingestion_api.encoder.base import Vector
from ingestion_api.encoder.tokens import count_query_tokens, count_tokens

# tokens; the average length while the corpus is empty
_DEFAULT_LENGTH = 200.0
MODEL = "bm25-multilingual-v2"
_DIGITS = 4
_MIN_WEIGHT = 0.0001  # for a word in a text that is much longer than others


@dataclass(frozen=True)
class CorpusStatistics:
    """Counts over a corpus; texts are encoded with the first two, a query with its tokens' frequencies."""

    documents: int = 0
    tokens: int = 0
    frequencies: Mapping[int, int] = field(default_factory=dict)

    @property
    def average_length(self) -> float:
        """Tokens in a text, on average."""
        return self.tokens / self.documents if self.tokens and self.documents else _DEFAULT_LENGTH


def count_corpus(texts: Iterable[str]) -> CorpusStatistics:
    """Count a corpus that fits into memory."""
    documents = tokens = 0
    frequencies: Counter[int] = Counter()
    for text in texts:
        counts = count_tokens(text)
        documents, tokens = documents + 1, tokens + counts.total()
        frequencies.update(counts.keys())
    return CorpusStatistics(documents, tokens, dict(frequencies))


@dataclass(frozen=True)
class Bm25Encoder:
    """Robertson and Zaragoza, "The Probabilistic Relevance Framework: BM25 and Beyond" (2009).

    A text's vector holds the saturated term frequencies, a query's the inverse document frequencies, so
    stored vectors stay comparable as the corpus grows: only its average length affects them.
    """

    statistics: CorpusStatistics = field(default_factory=CorpusStatistics)
    k1: float = 1.5
    b: float = 0.75

    @property
    def name(self) -> str:
        """The name to store beside each vector; it changes when the same text would give other tokens."""
        return MODEL

    def encode(self, texts: Sequence[str]) -> list[Vector]:
        """Return the saturated frequency, 0 to k1 + 1, of each token of each text."""
        return [self._document(count_tokens(text)) for text in texts]

    def encode_query(self, text: str) -> Vector:
        """Return the inverse document frequency of each token of a query, once for each time it comes."""
        return {token: times * self._rarity(token) for token, times in count_query_tokens(text).items()}

    def _document(self, counts: Counter[int]) -> Vector:
        norm = self.k1 * (1 - self.b + self.b * counts.total() / self.statistics.average_length)
        # few tokens are frequent, so few weights differ
        weight = {
            n: round(n * (self.k1 + 1) / (n + norm), _DIGITS) or _MIN_WEIGHT for n in set(counts.values())
        }
        return {token: weight[times] for token, times in counts.items()}

    def _rarity(self, token: int) -> float:
        having = self.statistics.frequencies.get(token, 0)
        # stale statistics may have more texts with a token than texts
        total = max(self.statistics.documents, having)
        return math.log1p((total - having + 0.5) / (having + 0.5))
