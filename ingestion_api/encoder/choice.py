"""The encoder that a setting names."""

from functools import lru_cache

from ingestion_api.encoder import bge_m3, bm25, splade
from ingestion_api.encoder.bm25 import Bm25Encoder
from ingestion_api.encoder.device import DeviceChoice
from ingestion_api.encoder.protocol import EncoderUnavailable, SparseEncoder
from ingestion_api.encoder.statistics import CorpusStatistics

MODELS = {"bm25": bm25.MODEL, "splade": splade.MODEL, "bge-m3": bge_m3.MODEL}


def model_named(name: str) -> str:
    """Return the name that an encoder stores beside its vectors; raise EncoderUnavailable when unknown."""
    if name not in MODELS:
        raise EncoderUnavailable(f"encoder is {name!r}; expected one of: {', '.join(MODELS)}")
    return MODELS[name]


def encoder_named(
    name: str, statistics: CorpusStatistics | None = None, device: DeviceChoice | None = None
) -> SparseEncoder:
    """Return an encoder that is ready to run; "bm25" makes use of statistics, the others of a device.

    Raises EncoderUnavailable for an unknown name, and without its packages, its model or the device.
    """
    model = model_named(name)
    if name == "bm25":
        return Bm25Encoder(statistics or CorpusStatistics())
    return _loaded(name, model, device or DeviceChoice())


@lru_cache(maxsize=1)
def _loaded(name: str, model: str, device: DeviceChoice) -> SparseEncoder:
    # reading a model takes seconds, so a process keeps the one that it uses
    load = splade.load_splade if name == "splade" else bge_m3.load_bge_m3
    return load(model, device)
