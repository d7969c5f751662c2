"""Every system that the exporter polls, one source each."""

from exporter.sources.all import Sources

__all__ = ["Sources"]
