"""SPLADE: a masked language model weighs every word of its vocabulary for a text."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingestion_api.encoder.extras import missing_model, required_module
from ingestion_api.encoder.protocol import Vector

MODEL = "naver/splade-cocondenser-ensembledistil"
_BATCH = 16
_LONGEST = 256


@dataclass(frozen=True)
class SpladeEncoder:
    """A loaded SPLADE model; token ids are those of its own vocabulary."""

    torch: Any
    tokenizer: Any
    model: Any
    name: str = MODEL

    def encode(self, texts: Sequence[str]) -> list[Vector]:
        """Return the weights of the vocabulary's words for each text."""
        return [
            vector
            for start in range(0, len(texts), _BATCH)
            for vector in self._batch(texts[start : start + _BATCH])
        ]

    def encode_query(self, text: str) -> Vector:
        """Return a query's weights: the model treats queries like texts."""
        return self.encode([text])[0]

    def _batch(self, texts: Sequence[str]) -> list[Vector]:
        inputs = self.tokenizer(
            list(texts), return_tensors="pt", padding=True, truncation=True, max_length=_LONGEST
        )
        with self.torch.no_grad():
            logits = self.model(**inputs).logits
        weights = activations(logits.float().numpy(), inputs["attention_mask"].numpy())
        return [vector if text.strip() else {} for text, vector in zip(texts, sparse(weights), strict=True)]


def activations(logits: NDArray[np.float32], mask: NDArray[np.int64]) -> NDArray[np.float32]:
    """Return each word's largest log(1 + relu(logit)) over the positions of a text.

    Shapes: (texts, positions, words), (texts, positions) -> (texts, words). Formal et al., "SPLADE v2"
    (2021), equation 6.
    """
    saturated = np.log1p(np.maximum(logits, 0)) * mask[:, :, np.newaxis]
    return np.asarray(saturated.max(axis=1), dtype=np.float32)


def sparse(weights: NDArray[np.float32]) -> list[Vector]:
    """Return each row's weights above 0."""
    return [
        {int(token): round(float(row[token]), 4) for token in np.flatnonzero(row > 5e-5)} for row in weights
    ]


def load_splade(model: str = MODEL) -> SpladeEncoder:
    """Load the model from this machine; raise EncoderUnavailable when it or its packages are missing."""
    torch = required_module("torch", "splade")
    transformers = required_module("transformers", "splade")
    try:
        tokenizer = transformers.AutoTokenizer.from_pretrained(model, local_files_only=True)
        loaded = transformers.AutoModelForMaskedLM.from_pretrained(model, local_files_only=True)
    except (OSError, ValueError) as error:
        raise missing_model(model, "splade", error) from error
    return SpladeEncoder(torch, tokenizer, loaded.eval(), model)
