"""Sparse encoders: texts become term weights that a query can be ranked against."""

from ingestion_api.encoder.bm25 import Bm25Encoder
from ingestion_api.encoder.choice import encoder_named, model_named
from ingestion_api.encoder.device import DeviceChoice
from ingestion_api.encoder.protocol import (
    EncoderOutOfMemory,
    EncoderUnavailable,
    SparseEncoder,
    Vector,
    score,
)
from ingestion_api.encoder.statistics import CorpusStatistics, measure

__all__ = [
    "Bm25Encoder",
    "CorpusStatistics",
    "DeviceChoice",
    "EncoderOutOfMemory",
    "EncoderUnavailable",
    "SparseEncoder",
    "Vector",
    "encoder_named",
    "measure",
    "model_named",
    "score",
]
