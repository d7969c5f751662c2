"""The longest real names of a running demo, and the columns in which they stand."""

import re
from collections.abc import Iterator

from grafana.levels import thresholds
from grafana.sizes import PADDING, column_width
from stack.settings import ROOT
from tests.grafana.files import Json, panels
from tests.grafana.rendering.parts import properties, size


def alert_names() -> Iterator[str]:
    """All alerts of the generated rules, those of objectives and of Watchroom itself included."""
    for file in (ROOT / "prometheus" / "rules").glob("*.yml"):
        yield from re.findall(r"^ *- alert: (\w+)$", file.read_text(), re.MULTILINE)


LONGEST = {
    "module": "recommendations",
    "alertname": max(alert_names(), key=len),
    "signal": max(thresholds().signals, key=len),
    "queue_name": "repo_ingestion",
    "hostname": "neo@a-host-of-20-chars",
    "task": "extract_scholarly_metadata_task",
    "subject": "module recommendations",
    "slo": max(thresholds().slos, key=len),
    "collector": "sparse_embeddings",
    "source": "prometheus",
    "job": "alertmanager",
    "instance": "127.0.0.1:65535",
    "about": "recommendations",
    "reported": "healthy",
    "observed": "nonexistent",
    "exception": "OperationalError",
    "handler": "/api/annotations/{annotation_id}",
    "relname": "resource_subjects",
    "table": "resource_subjects",
    "event": "resource.quality_computed",
    "method": "OPTIONS",
    "model": "ml_classification",
    "worker": "edge",
    "state": "processing",
    "key_group": "recommendations:*",
    "key": "recommendations:user:00000000",
    "strategy": "collaborative",
}  # fmt: skip
# a name that is a link may be cut: the page that it leads to shows it whole
CUT = {"overview / Firing alerts": "ten of 24 columns hold three numbers beside the name"}


def free_columns(name: str, board: Json) -> Iterator[tuple[str, str, int, float]]:
    """Each column of names: where it stands, its longest name, the width that this needs, and what it has."""
    for panel in panels(board):
        where = f"{name} / {panel['title']}"
        if panel["type"] != "table" or where in CUT:
            continue
        given = dict(properties(panel))
        left = size(panel).pixels - PADDING - sum(own.get("custom.width", 0) for own in given.values())
        for source, title in panel["transformations"][-1]["options"]["renameByName"].items():
            if source in LONGEST:
                width = given[title].get("custom.width", left)
                yield f"{where} / {title}", LONGEST[source], column_width(LONGEST[source]), width
