"""Count the texts of a job into the corpus of its model, in batches."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ingestion_api.batching import batches
from ingestion_api.embeddings import corpus, terms
from ingestion_api.embeddings.corpus import TextCounts
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store

TEXTS_BATCH = 1_000
UNCOUNT_BATCH = 10  # texts, each of which may have the largest size of a file
TERMS_BUFFERED = 50_000  # terms in the buffer


class CorpusCounter:
    """Counts texts that are not counted yet; `flush` at the end."""

    def __init__(self, store: Store, resources: ResourceTable, corpus_id: int, max_terms: int) -> None:
        self._store = store
        self._resources = resources
        self._corpus_id = corpus_id
        self._most_terms = max_terms
        self._pending = _CountBuffer(self._add)

    def count(self, keys: Sequence[Any]) -> None:
        """Count the texts with these keys, except those counted already."""
        with self._store.read() as session:
            missing = corpus.uncounted_ids(session, self._corpus_id, keys)
        if not missing:
            return
        for text in rows.read_texts(self._resources, missing):
            self._pending.hold(TextCounts.of(text.id, text.text))

    def flush(self) -> None:
        """Write what was counted, and keep the corpus within its bound."""
        self._pending.flush()

    def _add(self, texts: list[TextCounts]) -> None:
        corpus.add_texts(self._store, self._corpus_id, texts)
        terms.prune_terms(self._store, self._corpus_id, self._most_terms)


def uncount_texts(store: Store, model: str, resources: ResourceTable, keys: Iterable[Any]) -> None:
    """Remove the texts with these keys from the corpus; call it before they change in the table."""
    pending = _CountBuffer(lambda texts: corpus.remove_texts(store, model, texts))
    for some in batches(corpus.counted_ids(store, model, keys), UNCOUNT_BATCH):
        found = {text.id: text.text for text in rows.read_texts(resources, some)}
        for key in some:
            pending.hold(TextCounts.of(key, found.get(key)))
    pending.flush()


class _CountBuffer:
    """Counted texts that are written together, bounded in memory and in transaction size."""

    def __init__(self, write: Callable[[list[TextCounts]], None]) -> None:
        self._write = write
        self._texts: list[TextCounts] = []
        self._terms = 0

    def hold(self, counted: TextCounts) -> None:
        """Buffer a text, and write when the buffer is full."""
        self._texts.append(counted)
        self._terms += len(counted.terms)
        if self._terms >= TERMS_BUFFERED or len(self._texts) >= TEXTS_BATCH:
            self.flush()

    def flush(self) -> None:
        """Write the buffer."""
        if self._texts:
            self._write(self._texts)
        self._texts, self._terms = [], 0
