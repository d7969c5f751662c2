"""Sparse encoders: texts become term weights that a query can be ranked against."""

from ingestion_api.encoder.base import EncoderOutOfMemory, EncoderUnavailable, SparseEncoder, Vector, score
from ingestion_api.encoder.bm25 import Bm25Encoder, CorpusStatistics, count_corpus
from ingestion_api.encoder.device import DeviceSettings
from ingestion_api.encoder.factory import make_encoder, model_name

__all__ = [
    "Bm25Encoder",
    "CorpusStatistics",
    "DeviceSettings",
    "EncoderOutOfMemory",
    "EncoderUnavailable",
    "SparseEncoder",
    "Vector",
    "count_corpus",
    "make_encoder",
    "model_name",
    "score",
]
