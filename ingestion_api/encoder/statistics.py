"""What BM25 knows of a corpus: how many texts, how long, how many of them have each token."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ingestion_api.encoder.tokens import count_tokens

# the length taken for the average while nothing is known of the corpus
_DEFAULT_LENGTH = 200.0


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
