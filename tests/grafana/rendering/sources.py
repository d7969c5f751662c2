"""One number has one source: what users ask of the backend is read where it is recorded."""

from collections.abc import Iterator

from tests.grafana.expressions import reads
from tests.grafana.files import Json, panels
from tests.grafana.rendering.parts import allowed, place

RAW = "ops_http_request"
GOING_ON = "ops_http_requests_in_progress"
RECORDED = "module:ops_http_"


def one_source(board: Json) -> Iterator[str]:
    """19: requests, errors and times of users are those that are recorded, our own probes left out."""
    for panel in panels(board):
        name = place(board, panel)
        for it in panel.get("targets", []):
            for read in reads(it["expr"]):
                raw = read.name.startswith(RAW) and read.name != GOING_ON and "group" not in read.functions
                added = read.name.startswith(RECORDED) and "sum" in read.functions
                if (raw or added) and not allowed("one_source", name):
                    yield f"{name} / {it['refId']} reads {read.name}"
