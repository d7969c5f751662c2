"""Make the encoder that a setting names."""

from functools import lru_cache

from ingestion_api.encoder import bm25, neural
from ingestion_api.encoder.base import EncoderUnavailable, SparseEncoder
from ingestion_api.encoder.bm25 import Bm25Encoder, CorpusStatistics
from ingestion_api.encoder.device import DeviceSettings

MODELS = {"bm25": bm25.MODEL, "splade": neural.SPLADE, "bge-m3": neural.BGE_M3}


def model_name(name: str) -> str:
    """Return the name that an encoder stores beside its vectors; raise EncoderUnavailable when unknown."""
    if name not in MODELS:
        raise EncoderUnavailable(f"encoder is {name!r}; expected one of: {', '.join(MODELS)}")
    return MODELS[name]


def make_encoder(
    name: str, statistics: CorpusStatistics | None = None, device: DeviceSettings | None = None
) -> SparseEncoder:
    """Return an encoder that is ready to run; "bm25" uses statistics, the others a device.

    Raises EncoderUnavailable for an unknown name, and without its packages, its model or the device.
    """
    model = model_name(name)
    if name == "bm25":
        return Bm25Encoder(statistics or CorpusStatistics())
    return _load_encoder(name, model, device or DeviceSettings())


@lru_cache(maxsize=1)
def _load_encoder(name: str, model: str, device: DeviceSettings) -> SparseEncoder:
    # loading a model takes seconds, so a process keeps the one that it uses
    load = neural.load_splade if name == "splade" else neural.load_bge_m3
    return load(model, device)
