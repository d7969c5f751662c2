"""Count the texts of a job into the corpus of its model, in batches."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any

from ingestion_api.embeddings import corpus, terms
from ingestion_api.embeddings.corpus import Counted
from ingestion_api.jobs.watch import in_batches
from ingestion_api.resources import rows
from ingestion_api.resources.table import ResourceTable
from ingestion_api.store import Store

TEXTS_AT_ONCE = 1_000
TEXTS_FORGOTTEN = 10  # at once, as each may be as large as a file can be
TERMS_HELD = 50_000  # terms of texts that wait to be written


class Measure:
    """Counts texts that are not counted yet; `flush` at the end."""

    def __init__(self, store: Store, resources: ResourceTable, corpus_id: int, most_terms: int) -> None:
        self._store = store
        self._resources = resources
        self._corpus_id = corpus_id
        self._most_terms = most_terms
        self._pending = _Pending(self._add)

    def count(self, keys: Sequence[Any]) -> None:
        """Count the texts with these keys; those that are counted already are left out."""
        with self._store.read() as session:
            missing = corpus.uncounted(session, self._corpus_id, keys)
        if not missing:
            return
        for text in rows.texts(self._resources, missing):
            self._pending.hold(Counted.of(text.id, text.text))

    def flush(self) -> None:
        """Write what was counted, and keep the corpus within its bound."""
        self._pending.flush()

    def _add(self, texts: list[Counted]) -> None:
        corpus.add(self._store, self._corpus_id, texts)
        terms.prune(self._store, self._corpus_id, self._most_terms)


def forget(store: Store, model: str, resources: ResourceTable, keys: Iterable[Any]) -> None:
    """Take the texts with these keys out of the corpus; call it before they change in the table."""
    pending = _Pending(lambda texts: corpus.discount(store, model, texts))
    for some in in_batches(corpus.counted(store, model, keys), TEXTS_FORGOTTEN):
        found = {text.id: text.text for text in rows.texts(resources, some)}
        for key in some:
            pending.hold(Counted.of(key, found.get(key)))
    pending.flush()


class _Pending:
    """Counted texts that wait to be written together, within what memory and a transaction should hold."""

    def __init__(self, write: Callable[[list[Counted]], None]) -> None:
        self._write = write
        self._texts: list[Counted] = []
        self._terms = 0

    def hold(self, counted: Counted) -> None:
        """Keep a text, and write when there are enough."""
        self._texts.append(counted)
        self._terms += len(counted.terms)
        if self._terms >= TERMS_HELD or len(self._texts) >= TEXTS_AT_ONCE:
            self.flush()

    def flush(self) -> None:
        """Write what is held."""
        if self._texts:
            self._write(self._texts)
        self._texts, self._terms = [], 0
