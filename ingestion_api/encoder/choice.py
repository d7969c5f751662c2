"""The encoder that a setting names."""

from ingestion_api.encoder.bge_m3 import load_bge_m3
from ingestion_api.encoder.bm25 import Bm25Encoder
from ingestion_api.encoder.protocol import EncoderUnavailable, SparseEncoder
from ingestion_api.encoder.splade import load_splade
from ingestion_api.encoder.statistics import CorpusStatistics

NAMES = ("bm25", "splade", "bge-m3")


def encoder_named(name: str, statistics: CorpusStatistics | None = None) -> SparseEncoder:
    """Return an encoder that is ready to run; only "bm25" makes use of statistics.

    Raises EncoderUnavailable when the name is unknown, or its packages or its model are not here.
    """
    if name == "bm25":
        return Bm25Encoder(statistics or CorpusStatistics())
    if name == "splade":
        return load_splade()
    if name == "bge-m3":
        return load_bge_m3()
    raise EncoderUnavailable(f"encoder is {name!r}; expected one of: {', '.join(NAMES)}")
