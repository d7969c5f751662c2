"""Sparse embeddings: how many resources have one, by which model, and whether that can be true."""

from exporter.collector import Collector, Part
from exporter.collectors import sparse_embeddings_coverage, sparse_embeddings_evidence

SPARSE_EMBEDDINGS = Collector(
    "sparse_embeddings",
    "coverage by model, last generation, vectors that the named model cannot have made",
    (
        Part("coverage", sparse_embeddings_coverage.read, sparse_embeddings_coverage.METRICS),
        Part("evidence", sparse_embeddings_evidence.read, sparse_embeddings_evidence.METRICS),
    ),
)
