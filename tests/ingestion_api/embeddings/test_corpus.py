"""The corpus statistics are those of the texts that were counted, each once, within their bound."""

import random
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from ingestion_api.embeddings import corpus, terms
from ingestion_api.embeddings.corpus import TextCounts
from ingestion_api.encoder import CorpusStatistics, count_corpus
from ingestion_api.encoder.tokens import token_id
from ingestion_api.store import Store
from ingestion_api.store.tables import Corpus, CorpusTerm
from tests.ingestion_api.conftest import MORNING
from tests.ingestion_api.encoder.collection import TEXTS

MODEL = "lighthouse-v1"


def counted(texts: Iterable[str], start: int = 0) -> list[TextCounts]:
    return [TextCounts.of(f"text-{number}", text) for number, text in enumerate(texts, start)]


def known(store: Store, model: str = MODEL) -> CorpusStatistics:
    with store.read() as session:
        found = corpus.find_corpus(session, model)
        if found is None:
            return CorpusStatistics()
        query = select(CorpusTerm.token).where(CorpusTerm.corpus_id == found.id)
        return corpus.corpus_statistics(session, model, session.scalars(query))


def rows_of(store: Store, corpus_id: int) -> tuple[int, int]:
    """How many terms the corpus says that it has, and how many rows there are."""
    with store.read() as session:
        found = session.get(Corpus, corpus_id)
        number = select(func.count()).where(CorpusTerm.corpus_id == corpus_id)
        return (found.terms if found else 0), session.scalar(number) or 0


def test_texts_that_are_counted_in_parts_are_known_as_a_whole(store: Store) -> None:
    corpus_id = corpus.open_current(store, MODEL, MORNING)
    corpus.add_texts(store, corpus_id, counted(TEXTS[:20]))
    corpus.add_texts(store, corpus_id, counted(TEXTS[20:], 20))
    assert known(store) == count_corpus(TEXTS)
    assert rows_of(store, corpus_id) == (len(known(store).frequencies),) * 2


def test_a_text_is_counted_once_however_often_it_comes(store: Store) -> None:
    corpus_id = corpus.open_current(store, MODEL, MORNING)
    for _ in range(2):
        corpus.add_texts(store, corpus_id, counted(TEXTS))
    assert known(store) == count_corpus(TEXTS)


def test_workers_that_count_at_once_lose_nothing_and_never_wait_for_each_other(store: Store) -> None:
    corpus_id = corpus.open_current(store, MODEL, MORNING)
    with ThreadPoolExecutor(max_workers=4) as threads:
        parts = [counted(TEXTS[start::7], 100 * start) for start in range(7)]
        list(threads.map(lambda part: corpus.add_texts(store, corpus_id, part), parts * 2))
    assert known(store) == count_corpus(TEXTS)


def test_a_text_that_goes_leaves_nothing_behind_and_goes_once(store: Store) -> None:
    corpus_id = corpus.open_current(store, MODEL, MORNING)
    corpus.add_texts(store, corpus_id, counted(TEXTS))
    for _ in range(2):
        corpus.remove_texts(store, MODEL, counted(TEXTS[:30]))
    assert known(store) == count_corpus(TEXTS[30:])
    corpus.remove_texts(store, MODEL, counted(TEXTS))
    assert known(store) == CorpusStatistics()
    assert rows_of(store, corpus_id) == (0, 0)


def test_more_terms_than_one_transaction_holds_are_counted_whole(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(corpus, "TERMS_BATCH", 7)
    corpus_id = corpus.open_current(store, MODEL, MORNING)
    corpus.add_texts(store, corpus_id, counted(TEXTS))
    assert known(store) == count_corpus(TEXTS)
    corpus.remove_texts(store, MODEL, counted(TEXTS[:30]))
    assert known(store) == count_corpus(TEXTS[30:])


def test_a_query_reads_only_its_own_terms(store: Store) -> None:
    corpus.add_texts(store, corpus.open_current(store, MODEL, MORNING), counted(TEXTS))
    lamp, unknown = token_id("lamp"), token_id("xylophon")
    with store.read() as session:
        found = corpus.corpus_statistics(session, MODEL, [lamp, unknown])
    whole = count_corpus(TEXTS)
    assert (found.documents, found.tokens) == (whole.documents, whole.tokens)
    assert found.frequencies == {lamp: whole.frequencies[lamp]}


@pytest.mark.parametrize(("most", "seen"), [(100, 4_000), (300, 100)])
def test_beyond_the_bound_the_rarest_terms_are_dropped(
    store: Store, most: int, seen: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each step looks at a part of the terms only, and drops a part of what is too much."""
    monkeypatch.setattr(terms, "SLICE_ROWS", seen)
    corpus_id = corpus.open_current(store, MODEL, MORNING)
    frequent = [f"frequent{chr(97 + number)}" for number in range(20)]
    # a term that is dropped is counted from nothing when it comes again, so the frequent ones come first
    texts = [" ".join(frequent)] * 3 + [
        " ".join([*frequent, *(f"rare{number}x{each}" for each in range(30))]) for number in range(12)
    ]
    for number, text in enumerate(texts):
        corpus.add_texts(store, corpus_id, counted([text], number))
        terms.prune_terms(store, corpus_id, most)
        assert rows_of(store, corpus_id)[0] <= most
    said, there = rows_of(store, corpus_id)
    assert 0.7 * most < said == there
    whole, kept = count_corpus(texts), known(store)
    assert (kept.documents, kept.tokens) == (whole.documents, whole.tokens)
    often = {token: number for token, number in whole.frequencies.items() if number == 15}
    assert often.items() <= kept.frequencies.items()
    corpus.remove_texts(store, MODEL, counted(texts))
    assert rows_of(store, corpus_id) == (0, 0)


def test_a_corpus_that_is_filled_anew_takes_the_place_of_the_old_one_when_it_is_full(store: Store) -> None:
    old = corpus.open_current(store, MODEL, MORNING)
    corpus.add_texts(store, old, counted(TEXTS))
    new = corpus.open_new(store, MODEL, 7, MORNING)
    corpus.add_texts(store, new, counted(TEXTS[:10]))
    assert corpus.open_new(store, MODEL, 7, MORNING) == new
    assert known(store) == count_corpus(TEXTS)
    with store.write() as session:
        corpus.activate(session, new)
    assert known(store) == count_corpus(TEXTS[:10])
    corpus.delete_replaced(store, [MODEL])
    assert rows_of(store, old) == (0, 0)
    assert rows_of(store, new)[0] == len(count_corpus(TEXTS[:10]).frequencies)


def test_a_text_that_goes_meanwhile_goes_from_both(store: Store) -> None:
    old = corpus.open_current(store, MODEL, MORNING)
    new = corpus.open_new(store, MODEL, 7, MORNING)
    for each in (old, new):
        corpus.add_texts(store, each, counted(TEXTS))
    corpus.remove_texts(store, MODEL, counted(TEXTS[:1]))
    assert known(store) == count_corpus(TEXTS[1:])
    with store.write() as session:
        corpus.activate(session, new)
    assert known(store) == count_corpus(TEXTS[1:])


def test_what_a_job_left_half_filled_is_given_up_by_the_next(store: Store) -> None:
    left = corpus.open_new(store, MODEL, 7, MORNING)
    corpus.add_texts(store, left, counted(TEXTS))
    assert corpus.open_new(store, MODEL, 8, MORNING) != left
    corpus.delete_replaced(store, [MODEL])
    assert rows_of(store, left) == (0, 0)


def test_the_corpus_of_a_model_stays_while_vectors_of_it_are_there(store: Store) -> None:
    kept = corpus.open_current(store, MODEL, MORNING)
    corpus.add_texts(store, kept, counted(TEXTS))
    corpus.add_texts(store, corpus.open_current(store, "other-v1", MORNING), counted(TEXTS))
    corpus.delete_replaced(store, [MODEL])
    assert known(store) == count_corpus(TEXTS)
    assert known(store, "other-v1") == CorpusStatistics()


def test_words_are_drawn_from_all_of_the_hash(store: Store) -> None:
    """The last token there is belongs to a slice as well."""
    corpus_id = corpus.open_current(store, MODEL, MORNING)
    corpus.add_texts(store, corpus_id, [TextCounts("ends", [0, 2**32 - 1], 2)])
    corpus.add_texts(store, corpus_id, [TextCounts("more", random.Random(7).sample(range(2**32), 50), 50)])
    corpus.remove_texts(store, MODEL, [TextCounts("more", [], 0)])
    terms.delete_terms(store, corpus_id)
    assert rows_of(store, corpus_id)[1] == 0
