"""Words to stable token ids: split, lower-cased, without stop words, stemmed, numbered by a hash."""

import re
from collections import Counter
from functools import lru_cache
from hashlib import blake2b

import snowballstemmer  # type: ignore[import-untyped]  # it ships no types

TOKEN_BITS = 32
_WORD = re.compile(r"\w+")
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_LONGEST_WORD = 64
# the words that say how a sentence is built and not what it is about
# fmt: off
_STOP_WORDS = frozenset((
    "a", "an", "and", "are", "as", "at", "be", "but", "by", "for", "if", "in", "into", "is", "it", "no",
    "not", "of", "on", "or", "such", "that", "the", "their", "then", "there", "these", "they", "this", "to",
    "was", "will", "with",
))
# fmt: on


def count_tokens(text: str) -> Counter[int]:
    """Return how often each token comes in a text."""
    # a plain dictionary, as a Counter runs a function of its own for each new token
    counts: dict[int, int] = {}
    for word, times in Counter(_WORD.findall(text)).items():
        for token in tokens_of(word[:_LONGEST_WORD]):
            counts[token] = counts.get(token, 0) + times
    return Counter(counts)


@lru_cache(maxsize=200_000)
def tokens_of(word: str) -> tuple[int, ...]:
    """Return the tokens of one word; an identifier such as readHTTPHeader gives its parts and itself."""
    parts = _PART.findall(word)
    words = [word] if len(parts) < 2 else [word, *parts]
    terms = (_term(each.lower()) for each in words)
    return tuple(token_id(term) for term in terms if term)


def token_id(term: str) -> int:
    """Return a term's number, the same in every process and on every machine.

    It is the first 32 bits of BLAKE2b, so two of n terms share one by chance in n*n / 2**33 cases: one
    pair in a vocabulary of 93,000 terms.
    """
    return int.from_bytes(blake2b(term.encode(), digest_size=TOKEN_BITS // 8).digest())


def _term(word: str) -> str:
    if len(word) < 2 or word in _STOP_WORDS:
        return ""
    # a stemmer keeps state while it works, so threads must not share one
    return str(snowballstemmer.stemmer("english").stemWord(word))
