"""Sparse vectors of resources: made in batches, resumed where they stopped."""
