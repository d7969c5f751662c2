"""Every system that the exporter asks, one source each."""

from exporter.sources.all import Sources

__all__ = ["Sources"]
