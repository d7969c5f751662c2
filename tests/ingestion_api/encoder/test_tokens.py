"""Texts of any script become stable tokens; the stemmer in C gives what the one in Python gives."""
# ruff: noqa: RUF001 - letters of other scripts are no misprints of Latin ones

import re
import time
import unicodedata
from pathlib import Path

import pytest
import snowballstemmer  # type: ignore[import-untyped]  # it ships no types
import Stemmer  # type: ignore[import-not-found]  # compiled, without types
from hypothesis import given
from hypothesis import strategies as st
from snowballstemmer.english_stemmer import EnglishStemmer  # type: ignore[import-untyped]  # as above

from ingestion_api.encoder import Bm25Encoder, count_corpus, score
from ingestion_api.encoder.languages import detect_languages
from ingestion_api.encoder.tokens import count_query_tokens, count_tokens, split_words, token_id

TEXTS = (
    "灯台守は毎晩、霧の中でも灯りをともして船を導く。",
    "郵便局は月曜日から金曜日まで開いている。",
    "图书馆每天早上八点开门,读者可以借阅五本书。",
    "港口的起重机把集装箱从船上卸下来。",
    "ประภาคารส่องแสงนำทางเรือในเวลากลางคืน",
    "ตลาดเช้าขายผลไม้และผักสด",
    "등대지기는 밤마다 등불을 켜서 배를 안내한다.",
    "도서관은 아침 여덟 시에 문을 연다.",
    "दीपस्तंभ रात में जहाजों को रास्ता दिखाता है।",
    "पुस्तकालय सुबह आठ बजे खुलता है।",
)
QUESTIONS = [
    ("灯台", 0), ("船を導く", 0), ("月曜日", 1), ("借阅", 2), ("集装箱", 3), ("ประภาคาร", 4), ("ผลไม้", 5),
    ("등불", 6), ("도서관", 7), ("जहाज", 8), ("पुस्तकालय", 9),
]  # fmt: skip


@pytest.mark.parametrize(("question", "answer"), QUESTIONS)
def test_a_word_inside_a_clause_finds_its_text(question: str, answer: int) -> None:
    encoder = Bm25Encoder(count_corpus(TEXTS))
    query, vectors = encoder.encode_query(question), encoder.encode(TEXTS)
    scores = [score(query, vector) for vector in vectors]
    assert max(range(len(TEXTS)), key=lambda number: scores[number]) == answer
    assert scores[answer] > 0


def test_a_word_beside_another_script_is_a_word_of_its_own() -> None:
    counts = count_tokens("Python入門")
    assert {token_id("python"), token_id("入門")} <= set(counts)


def test_half_and_full_width_are_the_same() -> None:
    assert count_tokens("ガギ ABC") == count_tokens("ガギ ABC")


def test_marks_belong_to_their_letters() -> None:
    """A decomposed text is the same text."""
    for text in (*TEXTS, "Größe café наибóльший"):
        assert count_tokens(unicodedata.normalize("NFD", text)) == count_tokens(text)


GERMAN = "Die Häuser an der Küste sind alt, und das Haus des Wärters ist nicht das neueste."
FRENCH = "Les phares de la côte sont anciens et le gardien du phare est dans sa maison."
RUSSIAN = "Маяки на берегу старые, и смотритель маяка живёт в доме у моря."


@pytest.mark.parametrize(
    ("text", "language"),
    [
        (GERMAN, "german"),
        (FRENCH, "french"),
        ("The lamps of the tower are old, and the keeper is not in his house.", "english"),
        ("El faro de la costa es antiguo y el farero no vive en la casa del puerto.", "spanish"),
        ("Il faro della costa è antico e il guardiano non vive nella casa del porto.", "italian"),
        ("O farol da costa é antigo e o faroleiro não vive na casa do porto.", "portuguese"),
        ("De vuurtoren aan de kust is oud en het huis van de wachter is niet nieuw.", "dutch"),
        ("Kıyıdaki fener çok eski ve bir bekçi için bu ev yeni değil.", "turkish"),
        ("Latarnia na wybrzeżu jest stara i nie ma już latarnika, ale do portu jest blisko.", "polish"),
        ("def read(self): return self.value + 1", "english"),
        ("lamp lens horn", "english"),
    ],
)
def test_frequent_words_tell_the_language(text: str, language: str) -> None:
    assert detect_languages(dict.fromkeys(split_words(text.lower()), 1)).language_of("latin") == language


@pytest.mark.parametrize(
    ("text", "question"),
    [(GERMAN, "Haus"), (GERMAN, "Häusern"), (FRENCH, "phare"), (FRENCH, "maisons"), (RUSSIAN, "маяков")],
)
def test_a_query_of_one_word_finds_its_other_forms(text: str, question: str) -> None:
    """Though one word does not tell its language."""
    assert set(count_query_tokens(question)) & set(count_tokens(text))


def test_a_script_tells_its_stemmer() -> None:
    assert count_tokens("смотрителя") == count_tokens("смотрителю")
    assert count_tokens("φάρος") == count_tokens("φάροι")


def test_an_identifier_that_begins_with_an_underscore_is_found_by_its_word() -> None:
    assert set(count_query_tokens("lamps")) & set(count_tokens("_lamps"))
    assert set(count_query_tokens("_lamps")) >= set(count_tokens("_lamps"))


@pytest.mark.parametrize("length", [1, 2, 9_999, 10_000, 10_001, 10_002, 25_000])
def test_no_pair_of_a_long_clause_is_lost_or_counted_twice(length: int) -> None:
    run = ("灯台" * length)[:length]
    counts = count_tokens(run)
    assert counts[token_id("灯")] + counts[token_id("台")] == length
    assert counts[token_id("灯台")] + counts[token_id("台灯")] == length - 1
    kana = count_tokens("ラ" * length)
    assert kana == ({token_id("ラ"): 1} if length == 1 else {token_id("ララ"): length - 1})


@given(st.text(max_size=200))
def test_a_text_is_found_by_its_own_words(text: str) -> None:
    """Lone surrogates and whatever else may come; each word alone, as a query has it, has the text's stem."""
    found: set[int] = set()
    for word in split_words(text):
        found |= set(count_query_tokens(word))
    assert set(count_tokens(text)) <= found


@pytest.mark.parametrize(
    "text",
    [
        "a" + "\u0300\u0327" * 500_000,
        "\ufdfa" * 300_000,
        "灯" * 1_000_000,
        "灯台" * 20_000_000,
        "a" * 40_000_000,
        "a " * 20_000_000,
        "é" * 1_000_000,
        "aB" * 500_000,
        "\udc80" * 1_000_000,
        "\u0e33\u0e4b" * 300_000,
    ],
    ids=[
        "marks",
        "ligatures",
        "one ideograph",
        "ideographs",
        "one word",
        "short words",
        "one word beyond ASCII",
        "humps",
        "surrogates",
        "Thai",
    ],
)
def test_megabytes_of_anything_takes_seconds_at_most(text: str) -> None:
    began = time.process_time()
    count_tokens(text)
    assert time.process_time() - began < 10


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
