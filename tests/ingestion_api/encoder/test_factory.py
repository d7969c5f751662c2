"""What the learned encoders say when something is missing; their arithmetic is in test_neural.py."""

import importlib.util

import pytest

from ingestion_api.encoder import EncoderUnavailable, make_encoder, model_name


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EncoderUnavailable, match="encoder is 'bm52'; expected one of: bm25, splade, bge-m3"):
        make_encoder("bm52")


@pytest.mark.parametrize("name", ["splade", "bge-m3"])
def test_a_missing_package_is_named(name: str) -> None:
    if importlib.util.find_spec("torch"):
        pytest.skip("torch is installed here, so there is nothing to refuse")
    with pytest.raises(EncoderUnavailable, match=rf"needs the package torch.*install watchroom\[{name}\]"):
        make_encoder(name)


def test_a_model_is_named_without_being_loaded() -> None:
    assert model_name("splade") == "naver/splade-cocondenser-ensembledistil"
    assert model_name("bge-m3") == "BAAI/bge-m3"
