"""The text of the page: OpenMetrics or Prometheus text by negotiation, packed where the reader takes gzip."""

import gzip
from collections.abc import Sequence
from dataclasses import dataclass

from prometheus_client import Metric
from prometheus_client.exposition import choose_encoder

from exporter.exposition import ExpositionWriter


@dataclass(frozen=True)
class EncodedMetrics:
    """What goes out: the body and the headers that describe it."""

    body: bytes
    headers: dict[str, str]


def encode_metrics(
    families: Sequence[Metric], accept: str, accept_encoding: str, writer: ExpositionWriter
) -> EncodedMetrics:
    """The page in the best form that the reader accepts."""
    # the library's own negotiation; of its encoders only the content type is used
    content_type = choose_encoder(accept)[1]
    is_openmetrics = content_type.startswith("application/openmetrics-text")
    body = writer.openmetrics(families) if is_openmetrics else writer.prometheus(families)
    headers = {"Content-Type": content_type, "Vary": "Accept, Accept-Encoding"}
    if not accepts_gzip(accept_encoding):
        return EncodedMetrics(body, headers)
    return EncodedMetrics(gzip.compress(body, compresslevel=1), {**headers, "Content-Encoding": "gzip"})


def accepts_gzip(accept_encoding: str) -> bool:
    """Whether the reader accepts gzip, by RFC 9110 section 12.5.3."""
    for item in accept_encoding.lower().split(","):
        name, _, weight = item.partition(";")
        if name.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False
