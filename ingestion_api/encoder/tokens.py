"""Texts to stable token ids: split by script, lower-cased, without stop words, stemmed, hashed."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from hashlib import blake2b
from operator import add

from ingestion_api.encoder.languages import (
    DetectedLanguages,
    candidate_languages,
    detect_languages,
    script_of_word,
    stem,
)

# Thai, Lao, Myanmar, Hangul, Khmer, Bopomofo, kana, ideographs, Yi. Korean has spaces, but writes a word and
# its endings as one, and no stemmer knows it; Tibetan marks the end of each syllable.
_SPACELESS = (
    "\u0e00-\u0eff\u1000-\u11ff\u1780-\u17ff\u3005-\u3007\u3021-\u3029\u3040-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\ua4cf\uac00-\ud7af\uf900-\ufaff\U00020000-\U000323af"
)
_IDEOGRAPHS = "\u3005-\u3007\u3021-\u3029\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U000323af"
_FIRST_MARK, _LAST_MARK = 0x300, 0x1F000
_LONGEST_TEXT = 2_000_000  # characters; of a longer text the rest is not read
_RUN_PART = 10_000  # characters whose pairs are in memory at once
_VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_ASCII_WORD = re.compile(r"\w+", re.ASCII)
_RUN = re.compile(f"([{_SPACELESS}]+)|[^{_SPACELESS}]+")
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")
TOKEN_BITS = 32
_PART = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+|[^\W\d_]+")
_PART_BEYOND_ASCII = re.compile(r"\d+|[^\d_]+")
_LONGEST_WORD = 64


def _marks() -> str:
    """The combining marks as ranges of a regular expression."""
    marks = [n for n in range(_FIRST_MARK, _LAST_MARK) if unicodedata.category(chr(n))[0] == "M"]
    starts = [n for n, before in zip(marks, [0, *marks], strict=False) if n != before + 1]
    ends = [n for n, after in zip(marks, [*marks[1:], 0], strict=True) if after != n + 1]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


_MARKS = _marks()

# in a text of marks alone, putting them in order would take the square of their number
_TOO_MANY_MARKS = re.compile(f"([{_MARKS}]{{30}})[{_MARKS}]+")
_WORD = re.compile(rf"[\w{_MARKS}]+")
_CHARACTER = re.compile(f"[^{_MARKS}][{_MARKS}]*|[{_MARKS}]+")
_MARK = re.compile(f"[{_MARKS}]")


def split_words(text: str) -> list[str]:
    """Return the words of a text, at most 2,000,000 characters; a clause without spaces is one of them."""
    text = text[:_LONGEST_TEXT]
    if text.isascii():
        return _ASCII_WORD.findall(text)
    text = _VARIATIONS.sub("", _TOO_MANY_MARKS.sub(r"\1", text))
    return _WORD.findall(unicodedata.normalize("NFKC", text)[:_LONGEST_TEXT])


def split_runs(word: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a word that are of scripts with spaces, or without (True)."""
    for match in _RUN.finditer(word):
        yield match[0], match[1] is not None


def count_pairs(run: str) -> Counter[str]:
    """Count the neighbouring pairs of characters, and single ideographs, as each of these has a meaning.

    A character that stands alone is its own pair.
    """
    counts: Counter[str] = Counter()
    for start in range(0, len(run), _RUN_PART):
        counts.update(_IDEOGRAPH.findall(run, start, start + _RUN_PART))
        # with the first character of the next part, so that no pair is lost
        part = run[start : start + _RUN_PART + 1]
        characters = _CHARACTER.findall(part) if _MARK.search(part) else part
        counts.update(map(add, characters, characters[1:]))
    return counts or Counter((run,))


def count_tokens(text: str) -> Counter[int]:
    """Return how often each token comes in a text."""
    words = Counter(split_words(text))
    languages = detect_languages(words)
    latin = languages.language_of("latin")
    # a plain dictionary, as a Counter runs a function of its own for each new token
    counts: dict[int, int] = {}
    for word, times in words.items():
        if word.isascii():
            for token in word_tokens(word[:_LONGEST_WORD], latin):
                counts[token] = counts.get(token, 0) + times
            continue
        for token, count in _tokens_beyond_ascii(word, languages):
            counts[token] = counts.get(token, 0) + times * count
    return Counter(counts)


def count_query_tokens(text: str) -> Counter[int]:
    """Return how often each token comes in a query.

    A few words seldom tell their language, so a word brings its stem in each language that it may be in; a
    text that it finds was stemmed in one of them.
    """
    words = Counter(split_words(text))
    languages = detect_languages(words)
    counts: Counter[int] = Counter()
    for word, times in words.items():
        for run, spaceless in split_runs(word):
            tokens = (
                map(token_id, count_pairs(run))
                if spaceless
                else _tokens_of_all_stems(run[:_LONGEST_WORD], languages)
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


def _tokens_beyond_ascii(word: str, languages: DetectedLanguages) -> Iterator[tuple[int, int]]:
    """The tokens of a word, and how often each comes in it."""
    for run, spaceless in split_runs(word):
        if spaceless:
            yield from ((_pair_id(pair), times) for pair, times in count_pairs(run).items())
        else:
            yield from (
                (token, 1)
                for token in word_tokens(run[:_LONGEST_WORD], languages.language_of(script_of_word(run)))
            )


def _tokens_of_all_stems(word: str, languages: DetectedLanguages) -> set[int]:
    candidates = candidate_languages(script_of_word(word), languages)
    return {token for language in candidates for token in word_tokens(word, language)}


_pair_id = lru_cache(maxsize=50_000)(token_id)
