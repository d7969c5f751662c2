"""The stemmer in C gives what the one in Python gives, so a vector does not tell which one was there."""

import re
from pathlib import Path

import snowballstemmer  # type: ignore[import-untyped]  # it ships no types
import Stemmer  # type: ignore[import-not-found]  # compiled, without types
from snowballstemmer.english_stemmer import EnglishStemmer  # type: ignore[import-untyped]  # as above

ROOT = Path(__file__).parents[3]
# one ending of every step of the algorithm, and letters beyond ASCII
ENDINGS = (
    "s", "sses", "ies", "eed", "ing", "ingly", "edly", "y", "ational", "ization", "fulness", "ousli", "ogi",
    "icate", "ative", "ement", "ion", "ll", "'s", "é", "ß", "ной",
)  # fmt: skip


def vocabulary() -> list[str]:
    """The words of the project's own texts, and a part of them with each ending."""
    texts = [path.read_text() for path in (*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"))]
    words = sorted({word.lower() for text in texts for word in re.findall(r"[^\W\d_]{2,64}", text)})
    return words + [word + ending for word in words[::10] for ending in ENDINGS]


def test_both_stemmers_agree_on_every_word() -> None:
    """Byte by byte, and the one in C is the one that is used."""
    words = vocabulary()
    in_c, in_python = snowballstemmer.stemmer("english"), EnglishStemmer()
    assert isinstance(in_c, Stemmer.Stemmer)
    assert len(words) > 5_000
    assert [word for word in words if in_c.stemWord(word) != in_python.stemWord(word)] == []
