"""How much of what other exporters show is here, by names and labels; tests/peers lists it as they run."""

import json
from functools import cache

import pytest

from exporter.compatible.documents import Query
from exporter.compatible.verdicts import MISSING, Verdict, judge
from stack.settings import ROOT

# the label of Debian's old postgres_exporter for its one server, which the newest has no more
DROPPED = "server"
SUFFIX = {"histogram": "_bucket", "summary": "_sum"}


@cache
def verdicts(peer: str, job: str) -> dict[str, Verdict]:
    """The verdict on a query for each metric of this list, with its labels, under the job of this name."""
    listed = json.loads((ROOT / "tests" / "peers" / f"{peer}.json").read_text())
    found = {}
    for name, it in listed.items():
        wanted = ",".join(f'{label}=~".+"' for label in it["labels"] if label != DROPPED)
        series = f"{name}{SUFFIX.get(it['type'], '')}"
        found[name] = judge(Query("panel", name, f'{series}{{job="{job}",{wanted}}}'), {}, ())
    return found


@pytest.mark.parametrize(
    ("peer", "job", "metrics", "here"),
    [
        ("celery_exporter", "celery-exporter", 16, 16),
        ("redis_exporter", "redis", 142, 138),
        ("postgres_exporter", "postgres", 311, 310),
        ("postgres_exporter_newest", "postgres", 102, 101),
    ],
)
def test_what_other_exporters_show_is_here(peer: str, job: str, metrics: int, here: int) -> None:
    found = verdicts(peer, job)
    missing = {name: it.reasons for name, it in found.items() if it.status == MISSING}
    assert len(found) == metrics
    assert len(found) - len(missing) >= here, missing
