"""The corpus of a model: the texts that it has counted, and the document frequency of each term."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.orm import Session

from ingestion_api.batching import batches
from ingestion_api.embeddings import terms
from ingestion_api.encoder import CorpusStatistics
from ingestion_api.encoder.tokens import count_tokens
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Corpus, CountedText

FILLING, CURRENT, REPLACED = "filling", "current", "old"
TERMS_BATCH = 10_000  # rows in one transaction: other writers of SQLite wait for it
KEYS_BATCH = 500


@dataclass(frozen=True)
class TextCounts:
    """A text's terms and its number of tokens."""

    key: str
    terms: Sequence[int]
    tokens: int

    @classmethod
    def of(cls, key: Any, text: str | None) -> "TextCounts":
        """Count a text; None is one that was deleted."""
        counts = count_tokens(text) if text is not None else Counter[int]()
        return cls(str(key), list(counts), counts.total())


def find_corpus(session: Session, model: str, state: str = CURRENT) -> Corpus | None:
    """The newest corpus of a model that is in this state."""
    query = select(Corpus).where(Corpus.model == model, Corpus.state == state)
    return session.scalar(query.order_by(Corpus.id.desc()).limit(1))


def corpus_statistics(session: Session, model: str, tokens: Iterable[int] = ()) -> CorpusStatistics:
    """The statistics of a model's corpus, with the document frequencies of these tokens."""
    corpus = find_corpus(session, model)
    if corpus is None:
        return CorpusStatistics()
    frequencies = terms.document_frequencies(session, corpus.id, tokens)
    return CorpusStatistics(corpus.documents, corpus.tokens, frequencies)


def open_current(store: Store, model: str, now: datetime) -> int:
    """The id of the current corpus, which is created when there is none."""
    with store.write() as session:
        take_advisory_lock(session, f"corpora of {model}")
        corpus = find_corpus(session, model) or _insert_corpus(session, model, CURRENT, None, now)
        return corpus.id


def open_new(store: Store, model: str, job_id: int, now: datetime) -> int:
    """The id of the corpus that this job fills; corpora that other jobs left half filled are discarded."""
    with store.write() as session:
        take_advisory_lock(session, f"corpora of {model}")
        others = (Corpus.model == model, Corpus.state == FILLING, Corpus.job_id != job_id)
        session.execute(update(Corpus).where(*others).values(state=REPLACED))
        corpus = find_corpus(session, model, FILLING) or _insert_corpus(session, model, FILLING, job_id, now)
        return corpus.id


def activate(session: Session, corpus_id: int) -> Corpus:
    """Make a filled corpus the current one."""
    corpus = session.get_one(Corpus, corpus_id)
    if corpus.state == FILLING:
        before = (Corpus.model == corpus.model, Corpus.state == CURRENT)
        session.execute(update(Corpus).where(*before).values(state=REPLACED))
        corpus.state, corpus.job_id = CURRENT, None
    return corpus


def delete_replaced(store: Store, models: Iterable[str]) -> None:
    """Delete the replaced corpora, and those of other models than these."""
    with store.read() as session:
        unused = (Corpus.state == REPLACED) | ((Corpus.state == CURRENT) & Corpus.model.not_in(list(models)))
        ids = list(session.scalars(select(Corpus.id).where(unused)))
    for corpus_id in ids:
        terms.delete_terms(store, corpus_id)
        with store.write() as session:
            session.execute(delete(CountedText).where(CountedText.corpus_id == corpus_id))
            session.execute(delete(Corpus).where(Corpus.id == corpus_id))


def uncounted_ids(session: Session, corpus_id: int, keys: Iterable[Any]) -> list[Any]:
    """The keys that a corpus has not counted."""
    missing: list[Any] = []
    for some in batches(keys, KEYS_BATCH):
        counted = _token_counts(session, corpus_id, [str(key) for key in some])
        missing += [key for key in some if str(key) not in counted]
    return missing


def counted_ids(store: Store, model: str, keys: Iterable[Any]) -> list[Any]:
    """The keys that a corpus of a model has counted."""
    ids = list(keys)
    with store.read() as session:
        counted: set[str] = set()
        for corpus_id in _live_corpus_ids(session, model):
            counted.update(_token_counts(session, corpus_id, [str(key) for key in ids]))
    return [key for key in ids if str(key) in counted]


def add_texts(store: Store, corpus_id: int, texts: Sequence[TextCounts]) -> None:
    """Add texts, unless they are counted already."""
    with store.write() as session:
        terms.lock_corpus(session, corpus_id)
        counted = _token_counts(session, corpus_id, [text.key for text in texts])
        new = [text for text in texts if text.key not in counted]
        session.add_all(
            CountedText(corpus_id=corpus_id, resource_id=text.key, tokens=text.tokens) for text in new
        )
        _change_totals(session, corpus_id, len(new), sum(text.tokens for text in new))
        session.flush()
        rest = _shift_first(session, corpus_id, new, 1)
    _shift_rest(store, corpus_id, rest)


def remove_texts(store: Store, model: str, texts: Sequence[TextCounts]) -> None:
    """Remove texts from each corpus of a model that has counted them."""
    with store.read() as session:
        ids = _live_corpus_ids(session, model)
    for corpus_id in ids:
        _remove_from_corpus(store, corpus_id, texts)


def _remove_from_corpus(store: Store, corpus_id: int, texts: Sequence[TextCounts]) -> None:
    with store.write() as session:
        terms.lock_corpus(session, corpus_id)
        counted = _token_counts(session, corpus_id, [text.key for text in texts])
        removed = (CountedText.corpus_id == corpus_id, CountedText.resource_id.in_(counted))
        session.execute(delete(CountedText).where(*removed))
        _change_totals(session, corpus_id, -len(counted), -sum(counted.values()))
        rest = _shift_first(session, corpus_id, [text for text in texts if text.key in counted], -1)
    _shift_rest(store, corpus_id, rest)


def _insert_corpus(session: Session, model: str, state: str, job_id: int | None, now: datetime) -> Corpus:
    corpus = Corpus(
        model=model, state=state, job_id=job_id, documents=0, tokens=0, terms=0, prune_at=0, created_at=now
    )
    session.add(corpus)
    session.flush()
    return corpus


def _live_corpus_ids(session: Session, model: str) -> list[int]:
    query = select(Corpus.id).where(Corpus.model == model, Corpus.state.in_((FILLING, CURRENT)))
    return list(session.scalars(query))


def _token_counts(session: Session, corpus_id: int, keys: Sequence[str]) -> dict[str, int]:
    query = select(CountedText.resource_id, CountedText.tokens).where(CountedText.corpus_id == corpus_id)
    counts: dict[str, int] = {}
    for some in batches(keys, KEYS_BATCH):
        counts.update(
            (row[0], row[1]) for row in session.execute(query.where(CountedText.resource_id.in_(some)))
        )
    return counts


def _change_totals(session: Session, corpus_id: int, documents: int, tokens: int) -> None:
    larger = {"documents": Corpus.documents + documents, "tokens": Corpus.tokens + tokens}
    session.execute(update(Corpus).where(Corpus.id == corpus_id).values(larger))


def _shift_first(
    session: Session, corpus_id: int, texts: Sequence[TextCounts], sign: int
) -> list[dict[int, int]]:
    """Shift the first batch of terms; return the rest, for transactions of their own."""
    changes: dict[int, int] = {}
    for text in texts:
        for token in text.terms:
            changes[token] = changes.get(token, 0) + sign
    # in the order of the rows, so that each part touches few pages of the table
    first, *rest = [dict(part) for part in batches(sorted(changes.items()), TERMS_BATCH)] or [{}]
    terms.shift_frequencies(session, corpus_id, first)
    return rest


def _shift_rest(store: Store, corpus_id: int, rest: Sequence[dict[int, int]]) -> None:
    # after a crash here, a long text is counted with some of its terms only
    for changes in rest:
        with store.write() as session:
            terms.lock_corpus(session, corpus_id)
            terms.shift_frequencies(session, corpus_id, changes)
