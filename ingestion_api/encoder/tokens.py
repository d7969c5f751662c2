"""Words to stable token ids: split, lower-cased, without stop words, stemmed, numbered by a hash."""

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b

from ingestion_api.encoder.languages import (
    DetectedLanguages,
    candidate_languages,
    detect_languages,
    script_of_word,
    stem,
)
from ingestion_api.encoder.scripts import count_pairs, split_runs, split_words

TOKEN_BITS = 32
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_PART_BEYOND_ASCII = re.compile(r"\d+|[^\d_]+")
_LONGEST_WORD = 64


def count_tokens(text: str) -> Counter[int]:
    """Return how often each token comes in a text."""
    words = Counter(split_words(text))
    told = detect_languages(words)
    latin = told.of("latin")
    # a plain dictionary, as a Counter runs a function of its own for each new token
    counts: dict[int, int] = {}
    for word, times in words.items():
        if word.isascii():
            for token in word_tokens(word[:_LONGEST_WORD], latin):
                counts[token] = counts.get(token, 0) + times
            continue
        for token, here in _tokens_beyond_ascii(word, told):
            counts[token] = counts.get(token, 0) + times * here
    return Counter(counts)


def count_query_tokens(text: str) -> Counter[int]:
    """Return how often each token comes in a query.

    A few words seldom tell their language, so a word brings its stem in each language that it may be in; a
    text that it finds was stemmed in one of them.
    """
    words = Counter(split_words(text))
    told = detect_languages(words)
    counts: Counter[int] = Counter()
    for word, times in words.items():
        for run, spaceless in split_runs(word):
            tokens = (
                map(token_id, count_pairs(run))
                if spaceless
                else _tokens_of_all_stems(run[:_LONGEST_WORD], told)
            )
            for token in tokens:
                counts[token] += times
    return counts


@lru_cache(maxsize=100_000)
def word_tokens(word: str, language: str = "english") -> tuple[int, ...]:
    """Return the tokens of one word; an identifier such as readHTTPHeader gives its parts and itself."""
    parts = (_PART if word.isascii() else _PART_BEYOND_ASCII).findall(word)
    words = [word] if parts == [word] else [word, *parts]
    terms = (stem(each.lower(), language) for each in words if len(each) > 1)
    return tuple(token_id(term) for term in terms if term)


def token_id(term: str) -> int:
    """Return a term's number, the same in every process and on every machine.

    It is the first 32 bits of BLAKE2b, so two of n terms share one by chance in n*n / 2**33 cases: one
    pair in a vocabulary of 93,000 terms.
    """
    return int.from_bytes(blake2b(term.encode(), digest_size=TOKEN_BITS // 8).digest())


def _tokens_beyond_ascii(word: str, told: DetectedLanguages) -> Iterator[tuple[int, int]]:
    """The tokens of a word, and how often each comes in it."""
    for run, spaceless in split_runs(word):
        if spaceless:
            yield from ((_pair_id(pair), times) for pair, times in count_pairs(run).items())
        else:
            yield from (
                (token, 1) for token in word_tokens(run[:_LONGEST_WORD], told.of(script_of_word(run)))
            )


def _tokens_of_all_stems(word: str, told: DetectedLanguages) -> set[int]:
    languages = candidate_languages(script_of_word(word), told)
    return {token for language in languages for token in word_tokens(word, language)}


_pair_id = lru_cache(maxsize=50_000)(token_id)
