"""BGE-M3: the lexical weights of a multilingual model."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from ingestion_api.encoder.extras import missing_model, required_module
from ingestion_api.encoder.protocol import Vector

MODEL = "BAAI/bge-m3"
_LONGEST = 8192


@dataclass(frozen=True)
class BgeM3Encoder:
    """A loaded BGE-M3 model; token ids are those of its own vocabulary."""

    model: Any
    name: str = MODEL

    def encode(self, texts: Sequence[str]) -> list[Vector]:
        """Return the lexical weights of each text."""
        if not texts:
            return []
        answer = self.model.encode(
            list(texts),
            max_length=_LONGEST,
            return_dense=False,
            return_sparse=True,
            return_colbert_vecs=False,
        )
        return [lexical(weights) for weights in answer["lexical_weights"]]

    def encode_query(self, text: str) -> Vector:
        """Return a query's weights: the model treats queries like texts."""
        return self.encode([text])[0]


def lexical(weights: Mapping[str, Any]) -> Vector:
    """Return the model's answer, {"token id": numpy number}, as a vector."""
    return {int(token): round(float(weight), 4) for token, weight in weights.items() if float(weight) > 5e-5}


def load_bge_m3(model: str = MODEL) -> BgeM3Encoder:
    """Load the model from this machine; raise EncoderUnavailable when it or its packages are missing."""
    flag = required_module("FlagEmbedding", "bge-m3")
    hub = required_module("huggingface_hub", "bge-m3")
    try:
        path = hub.snapshot_download(model, local_files_only=True)
        return BgeM3Encoder(flag.BGEM3FlagModel(path, use_fp16=False), model)
    except (OSError, ValueError) as error:
        raise missing_model(model, "bge-m3", error) from error
