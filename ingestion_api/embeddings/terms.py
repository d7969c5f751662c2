"""The document frequencies of a corpus: shifted, pruned, deleted in short transactions."""

from collections.abc import Iterable, Mapping
from typing import Any, cast

from sqlalchemy import ColumnElement, Table, and_, delete, func, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import Session
from sqlalchemy.sql.dml import ReturningInsert

from ingestion_api.batching import batches
from ingestion_api.encoder.tokens import TOKEN_BITS
from ingestion_api.store import Store
from ingestion_api.store.store import take_advisory_lock
from ingestion_api.store.tables import Corpus, CorpusTerm

TERMS = cast("Table", CorpusTerm.__table__)
TOKEN_COUNT: int = 2**TOKEN_BITS
MAX_PARAMETERS = 10_000  # of one statement; SQLite takes 32,766 at most
SLICE_ROWS = 4_000  # rows that one pruning step reads
DROP_ONE_IN = 4  # a step drops a quarter of its slice: frequent terms stay, and there is room for some jobs


def lock_corpus(session: Session, corpus_id: int) -> None:
    """Lock this corpus for writing; two transactions with the same terms could deadlock."""
    take_advisory_lock(session, f"corpus {corpus_id}")


def shift_frequencies(session: Session, corpus_id: int, changes: Mapping[int, int]) -> None:
    """Add to the document frequencies, {token: texts more or fewer}; a term in no text loses its row.

    Call `lock_corpus` before. A pruned term stays pruned when it is lowered.
    """
    if not changes:
        return
    new, dropped = 0, []
    rows = [
        {"corpus_id": corpus_id, "token": token, "documents": changes[token]} for token in sorted(changes)
    ]
    for token, documents in session.connection().execute(_upsert_statement(session), rows):
        # an existing row had at least one text
        new += documents == changes[token]
        if documents <= 0:
            dropped.append(token)
    for tokens in batches(dropped, MAX_PARAMETERS):
        session.execute(delete(CorpusTerm).where(_in_corpus(corpus_id), CorpusTerm.token.in_(tokens)))
    terms = Corpus.terms + new - len(dropped)
    session.execute(update(Corpus).where(Corpus.id == corpus_id).values(terms=terms))


def document_frequencies(session: Session, corpus_id: int, tokens: Iterable[int]) -> dict[int, int]:
    """The document frequencies of the known ones of these tokens."""
    frequencies: dict[int, int] = {}
    for some in batches(tokens, MAX_PARAMETERS):
        query = select(CorpusTerm.token, CorpusTerm.documents).where(_in_corpus(corpus_id))
        frequencies.update(
            (row[0], row[1]) for row in session.execute(query.where(CorpusTerm.token.in_(some)))
        )
    return frequencies


def prune_terms(store: Store, corpus_id: int, most: int) -> None:
    """Drop the rarest terms until there are `most` at most.

    Tokens are hashes, so the rarest of one slice of them stand for the rarest of all. Each step drops some
    of the next slice: what a job pays depends on how many terms it brought, not on how many there are.
    """
    while _prune_slice(store, corpus_id, most):
        pass


def delete_terms(store: Store, corpus_id: int) -> None:
    """Delete all terms of a corpus, in short transactions."""
    with store.read() as session:
        terms = session.scalar(select(Corpus.terms).where(Corpus.id == corpus_id)) or 0
    width = _slice_width(terms)
    for start in range(0, TOKEN_COUNT, width):
        with store.write() as session:
            session.execute(delete(CorpusTerm).where(_in_token_range(corpus_id, start, start + width)))


def _prune_slice(store: Store, corpus_id: int, most: int) -> bool:
    """Prune the next slice; tell whether there may be more to drop."""
    with store.write() as session:
        lock_corpus(session, corpus_id)
        corpus = session.get(Corpus, corpus_id)
        if corpus is None or corpus.terms <= most:
            return False
        end = corpus.prune_at + _slice_width(corpus.terms)
        in_slice = _in_token_range(corpus_id, corpus.prune_at, end)
        number = session.scalar(select(func.count()).select_from(CorpusTerm).where(in_slice)) or 0
        rarest = select(CorpusTerm.token).where(in_slice).order_by(CorpusTerm.documents, CorpusTerm.token)
        tokens = list(session.scalars(rarest.limit(number // DROP_ONE_IN)))
        for some in batches(tokens, MAX_PARAMETERS):
            session.execute(delete(CorpusTerm).where(_in_corpus(corpus_id), CorpusTerm.token.in_(some)))
        corpus.terms -= len(tokens)
        corpus.prune_at = end if end < TOKEN_COUNT else 0
        return True


def _slice_width(terms: int) -> int:
    return max(TOKEN_COUNT * SLICE_ROWS // max(terms, SLICE_ROWS), 1)


def _in_corpus(corpus_id: int) -> ColumnElement[bool]:
    return CorpusTerm.corpus_id == corpus_id


def _in_token_range(corpus_id: int, start: int, end: int) -> ColumnElement[bool]:
    return and_(_in_corpus(corpus_id), CorpusTerm.token >= start, CorpusTerm.token < end)


def _upsert_statement(session: Session) -> ReturningInsert[Any]:
    insert = postgresql.insert if session.get_bind().dialect.name == "postgresql" else sqlite.insert
    into = insert(TERMS)
    return into.on_conflict_do_update(
        index_elements=["corpus_id", "token"],
        set_={"documents": TERMS.c.documents + into.excluded.documents},
    ).returning(TERMS.c.token, TERMS.c.documents)
