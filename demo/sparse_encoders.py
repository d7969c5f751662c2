"""Sparse embeddings: term weights that are the same in every process, and one kind that is not."""

import json
import math
import re
import zlib
from collections import Counter
from collections.abc import Callable

BM25 = "bm25-stable-v1"
TF = "tf-stable-v1"
# What the watched backend writes beside its fallback vectors, whoever made them.
CLAIMED = "BAAI/bge-m3"
_VOCABULARY = 1 << 18
_WORD = re.compile(r"[a-z]{3,}")


def tokenize(text: str) -> list[str]:
    """The words of a text that carry weight, in lower case."""
    return _WORD.findall(text.lower())


def encode_bm25(text: str) -> str:
    """Saturated term weights (the term part of BM25 with k1 = 1.2) as JSON {token_id: weight}."""
    return _vector(text, _stable_id, lambda times: times * 2.2 / (times + 1.2))


def encode_tf(text: str) -> str:
    """Logarithmic term weights as JSON {token_id: weight}."""
    return _vector(text, _stable_id, lambda times: 1 + math.log(times))


def encode_salted(text: str) -> str:
    """Term weights under token ids that differ from process to process, as the fallback makes them."""
    return _vector(text, lambda term: hash(term) % _VOCABULARY, float)


ENCODERS: dict[str, Callable[[str], str]] = {BM25: encode_bm25, TF: encode_tf, CLAIMED: encode_salted}


def _stable_id(term: str) -> int:
    return zlib.crc32(term.encode()) % _VOCABULARY


def _vector(text: str, identify: Callable[[str], int], weigh: Callable[[float], float]) -> str:
    weights = {str(identify(term)): round(weigh(times), 4) for term, times in Counter(tokenize(text)).items()}
    return json.dumps(weights, sort_keys=True)
