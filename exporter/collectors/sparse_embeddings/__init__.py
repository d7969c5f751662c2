"""Sparse embeddings: how many resources have one, by which model, and whether that can be true."""

from exporter.collector import Collector, Part
from exporter.collectors.sparse_embeddings import coverage, evidence, service

SPARSE_EMBEDDINGS = Collector(
    "sparse_embeddings",
    "coverage by model, last generation, vectors that the named model cannot have made",
    (
        Part("coverage", coverage.read_coverage, coverage.COVERAGE_METRICS),
        Part("evidence", evidence.read_evidence, evidence.EVIDENCE_METRICS),
        Part("service", service.read_service, service.SERVICE_METRICS),
    ),
)
