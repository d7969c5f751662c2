"""Characters by script: which belong to words, and which scripts write words without spaces between them."""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterator
from operator import add

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


def _marks() -> str:
    """The combining marks as ranges of a regular expression."""
    found = [n for n in range(_FIRST_MARK, _LAST_MARK) if unicodedata.category(chr(n))[0] == "M"]
    starts = [n for n, before in zip(found, [0, *found], strict=False) if n != before + 1]
    ends = [n for n, after in zip(found, [*found[1:], 0], strict=True) if after != n + 1]
    return "".join(f"{chr(start)}-{chr(end)}" for start, end in zip(starts, ends, strict=True))


_MARKS = _marks()

# in a text of marks alone, putting them in order would take the square of their number
_TOO_MANY_MARKS = re.compile(f"([{_MARKS}]{{30}})[{_MARKS}]+")
_VARIATIONS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_ASCII_WORD = re.compile(r"\w+", re.ASCII)
_WORD = re.compile(rf"[\w{_MARKS}]+")
_RUN = re.compile(f"([{_SPACELESS}]+)|[^{_SPACELESS}]+")
_CHARACTER = re.compile(f"[^{_MARKS}][{_MARKS}]*|[{_MARKS}]+")
_MARK = re.compile(f"[{_MARKS}]")
_IDEOGRAPH = re.compile(f"[{_IDEOGRAPHS}]")


def split_words(text: str) -> list[str]:
    """Return the words of a text, at most 2,000,000 characters; a clause without spaces is one of them."""
    text = text[:_LONGEST_TEXT]
    if text.isascii():
        return _ASCII_WORD.findall(text)
    text = _VARIATIONS.sub("", _TOO_MANY_MARKS.sub(r"\1", text))
    return _WORD.findall(unicodedata.normalize("NFKC", text)[:_LONGEST_TEXT])


def split_runs(word: str) -> Iterator[tuple[str, bool]]:
    """Yield the parts of a word that are of scripts with spaces, or without (True)."""
    for found in _RUN.finditer(word):
        yield found[0], found[1] is not None


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
