"""The encoders that need a model: their arithmetic, and what they say when something is missing."""

import importlib.util
from pathlib import Path

import numpy as np
import pytest

from ingestion_api.encoder import EncoderUnavailable, encoder_named
from ingestion_api.encoder.bge_m3 import lexical
from ingestion_api.encoder.splade import activations, load_splade, sparse


def test_an_unknown_name_is_refused_with_the_known_ones() -> None:
    with pytest.raises(EncoderUnavailable, match="encoder is 'bm52'; expected one of: bm25, splade, bge-m3"):
        encoder_named("bm52")


@pytest.mark.parametrize(("name", "package"), [("splade", "torch"), ("bge-m3", "FlagEmbedding")])
def test_a_missing_package_is_named(name: str, package: str) -> None:
    if importlib.util.find_spec(package):
        pytest.skip(f"{package} is installed here, so there is nothing to refuse")
    with pytest.raises(
        EncoderUnavailable, match=rf"needs the package {package}.*install watchroom\[{name}\]"
    ):
        encoder_named(name)


def test_a_missing_model_is_named_and_never_fetched(tmp_path: Path) -> None:
    pytest.importorskip("torch", reason="torch is not installed; the extra splade brings it")
    pytest.importorskip("transformers", reason="transformers is not installed; the extra splade brings it")
    with pytest.raises(EncoderUnavailable, match=r"needs the model .* which is not on this machine"):
        load_splade(str(tmp_path / "no-model"))


def test_splade_takes_the_largest_saturated_logit_of_the_real_positions() -> None:
    logits = np.array([[[1.0, -3.0, 0.0], [0.5, 2.0, 0.0], [9.0, 9.0, 9.0]]], dtype=np.float32)
    weights = activations(logits, np.array([[1, 1, 0]]))
    assert weights == pytest.approx(np.log1p([[1.0, 2.0, 0.0]]))
    assert sparse(weights) == [{0: 0.6931, 1: 1.0986}]


def test_bge_m3_weights_become_a_vector() -> None:
    assert lexical({"17": np.float16(0.25), "4": np.float16(0.0)}) == {17: 0.25}
