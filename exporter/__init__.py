"""The Watchroom exporter: what a backend reports and what is observed of it, as metrics."""

from importlib.metadata import version

__version__ = version("watchroom")
