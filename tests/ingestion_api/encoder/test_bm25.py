"""BM25 term weights: stable, truthful, incremental, fast."""

import json
import subprocess
import sys
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingestion_api.encoder import Bm25Encoder, count_corpus, make_encoder, score
from ingestion_api.encoder.tokens import count_tokens, token_id, word_tokens
from tests.ingestion_api.encoder.collection import TEXTS

CORPUS = st.lists(st.text(alphabet="abcdef ", max_size=30), max_size=6)


def test_the_same_word_has_the_same_number_everywhere() -> None:
    assert token_id("lamp") == 26_568_780


@pytest.mark.parametrize("seed", ["0", "1", "random"])
def test_vectors_do_not_depend_on_the_process(seed: str) -> None:
    program = (
        "import json; from ingestion_api.encoder import Bm25Encoder; "
        "print(json.dumps(Bm25Encoder().encode(['The lamps of the tower', 'readFogSignal'])))"
    )
    said = subprocess.run(
        [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, check=True, capture_output=True
    )
    here = Bm25Encoder().encode(["The lamps of the tower", "readFogSignal"])
    assert json.loads(said.stdout) == json.loads(json.dumps(here))


def test_words_are_stemmed_and_stop_words_left_out() -> None:
    assert count_tokens("The ships and the SHIPPING of a ship") == {token_id("ship"): 3}


def test_an_identifier_is_found_by_its_parts_and_as_a_whole() -> None:
    assert word_tokens("readHTTPHeader") == tuple(map(token_id, ("readhttphead", "read", "http", "header")))
    assert set(word_tokens("fog_signal2")) >= {token_id("fog"), token_id("signal")}


def test_other_scripts_have_tokens_too() -> None:
    assert len(count_tokens("маяк φάρος")) == 2
    assert count_tokens("灯台") == {token_id("灯台"): 1, token_id("灯"): 1, token_id("台"): 1}


def test_twenty_thousand_words_have_as_many_numbers() -> None:
    words = {f"word{number}" for number in range(20_000)}
    assert len({token_id(word) for word in words}) == len(words)


def test_a_text_without_words_has_an_empty_vector() -> None:
    assert Bm25Encoder().encode(["", " \n", "the of and", "!?"]) == [{}, {}, {}, {}]


def test_weights_grow_with_frequency_and_shrink_with_length() -> None:
    once, twice, long = Bm25Encoder(count_corpus(TEXTS)).encode(
        ["lamp", "lamp lamp", "lamp " + "tower " * 50]
    )
    lamp = token_id("lamp")
    assert long[lamp] < once[lamp] < twice[lamp] < 2.5


def test_a_word_weighs_something_in_the_longest_text() -> None:
    long = "lamp " + "tower " * 2_000_000
    assert min(Bm25Encoder(count_corpus(["a lamp"])).encode([long])[0].values()) > 0


def test_rare_words_weigh_more_in_a_query() -> None:
    query = Bm25Encoder(count_corpus(TEXTS)).encode_query("mercury lamp")
    assert query[token_id("mercuri")] > query[token_id("lamp")] > 0


def test_a_stored_vector_reads_back_as_it_was() -> None:
    vector = Bm25Encoder(count_corpus(TEXTS)).encode(TEXTS[:1])[0]
    assert {int(token): weight for token, weight in json.loads(json.dumps(vector)).items()} == vector


def test_unknown_words_score_nothing() -> None:
    encoder = Bm25Encoder(count_corpus(TEXTS))
    assert score(encoder.encode_query("xylophone"), encoder.encode(TEXTS[:1])[0]) == 0


@given(st.lists(st.text(max_size=60), max_size=4), CORPUS)
def test_any_text_gets_finite_positive_weights(texts: list[str], corpus: list[str]) -> None:
    encoder = Bm25Encoder(count_corpus(corpus))
    for vector in [*encoder.encode(texts), *map(encoder.encode_query, texts)]:
        assert all(0 <= token < 2**32 and 0 < weight < 1e4 for token, weight in vector.items())


def test_thousands_of_short_texts_a_second() -> None:
    texts = [f"{text} {number}" for number in range(50) for text in TEXTS]
    encoder = Bm25Encoder(count_corpus(texts))
    started = time.perf_counter()
    encoder.encode(texts)
    rate = len(texts) / (time.perf_counter() - started)
    print(f"texts encoded a second: {rate:,.0f}")  # noqa: T201 - the figure is the point
    assert rate > 2_000


def test_the_name_tells_what_really_ran() -> None:
    assert make_encoder("bm25").name == "bm25-multilingual-v2"
