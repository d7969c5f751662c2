"""The table lists the address of every process."""

from stack.process_spec import ProcessSpec
from stack.table import format_table

ROW = ProcessSpec(
    "prometheus", ("true",), "http://127.0.0.1:9090/-/ready", "http://127.0.0.1:9090", "queries", ()
)


def test_each_process_has_a_line() -> None:
    assert format_table([ROW], [("grafana", "not installed", "how to get it")]) == (
        "              address                what to see\n"
        "  prometheus  http://127.0.0.1:9090  queries\n"
        "  grafana     not installed          how to get it"
    )


def test_an_outage_stands_below_its_process() -> None:
    assert format_table([ROW], outages={"prometheus": "degraded: no disk"}) == (
        "              address                what to see\n"
        "  prometheus  http://127.0.0.1:9090  queries\n"
        "                                     degraded: no disk"
    )
