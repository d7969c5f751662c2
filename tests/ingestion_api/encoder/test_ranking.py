"""How well the BM25 vectors rank, beside the bm25s library on the same texts."""

import math
from collections.abc import Callable

import bm25s  # type: ignore[import-untyped]  # it ships no types
import snowballstemmer  # type: ignore[import-untyped]  # it ships no types

from ingestion_api.encoder import Bm25Encoder, CorpusStatistics, Vector, count_corpus, score
from tests.ingestion_api.encoder.collection import QUESTIONS, TEXTS

Ranking = Callable[[str], list[int]]


def ours(statistics: CorpusStatistics) -> Ranking:
    encoder = Bm25Encoder(statistics)
    vectors = encoder.encode(TEXTS)

    def rank(question: str) -> list[int]:
        query = encoder.encode_query(question)
        return sorted(range(len(TEXTS)), key=lambda index: (-score(query, vectors[index]), index))

    return rank


def theirs() -> Ranking:
    stem = snowballstemmer.stemmer("english").stemWords
    corpus = bm25s.tokenize(TEXTS, stopwords="en", stemmer=stem, show_progress=False)
    index = bm25s.BM25()
    index.index(corpus, show_progress=False)

    def rank(question: str) -> list[int]:
        words = bm25s.tokenize(
            [question], stopwords="en", stemmer=stem, show_progress=False, return_ids=False
        )[0]
        known = [word for word in words if word in index.vocab_dict]
        scores = index.get_scores(known)
        return sorted(range(len(TEXTS)), key=lambda text: (-scores[text], text))

    return rank


def ndcg(ranking: Ranking) -> float:
    """Mean normalised discounted cumulative gain over the first ten, 0..1."""
    return sum(_ndcg(ranking(question), grades) for question, grades in QUESTIONS) / len(QUESTIONS)


def _ndcg(order: list[int], grades: dict[int, int]) -> float:
    best = sorted(grades.values(), reverse=True)[:10]
    return _gain([grades.get(text, 0) for text in order[:10]]) / _gain(best)


def _gain(grades: list[int]) -> float:
    return sum((2.0**grade - 1) / math.log2(place + 2) for place, grade in enumerate(grades))


def reciprocal_rank(ranking: Ranking) -> float:
    """Mean of 1 / place of the first text that answers, 0..1."""
    places = [
        1 + min(place for place, text in enumerate(ranking(question)) if grades.get(text) == 2)
        for question, grades in QUESTIONS
    ]
    return sum(1 / place for place in places) / len(places)


def test_queries_rank_at_least_as_well_as_with_bm25s() -> None:
    mine, other = ours(count_corpus(TEXTS)), theirs()
    figures = {"nDCG@10": (ndcg(mine), ndcg(other)), "MRR": (reciprocal_rank(mine), reciprocal_rank(other))}
    for name, (our, their) in figures.items():
        print(f"{name}: ours {our:.4f}, bm25s {their:.4f}")  # noqa: T201 - the figures are the point
        assert our >= their
    assert figures["nDCG@10"][0] > 0.8
    assert figures["MRR"][0] > 0.9


def test_the_order_of_texts_would_be_noticed_if_wrong() -> None:
    """The measure itself tells a good ranking from none."""
    assert ndcg(lambda _question: list(range(len(TEXTS)))) < 0.2


def test_vectors_made_while_the_corpus_grew_still_rank_as_well() -> None:
    """Texts encoded in batches, each with the statistics of its moment, queried with those of the end."""
    vectors: list[Vector] = []
    for start in range(0, len(TEXTS), 10):
        so_far = count_corpus(TEXTS[: start + 10])
        vectors += Bm25Encoder(so_far).encode(TEXTS[start : start + 10])
    encoder = Bm25Encoder(count_corpus(TEXTS))

    def rank(question: str) -> list[int]:
        query = encoder.encode_query(question)
        return sorted(range(len(TEXTS)), key=lambda index: (-score(query, vectors[index]), index))

    assert ndcg(rank) >= ndcg(theirs()) - 0.01
