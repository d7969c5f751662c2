"""The table says where everything is."""

from stack.process_spec import ProcessSpec
from stack.table import format_table

ROW = ProcessSpec(
    "prometheus", ("true",), "http://127.0.0.1:9090/-/ready", "http://127.0.0.1:9090", "queries", ()
)


def test_one_line_for_each_in_columns() -> None:
    assert format_table([ROW], [("grafana", "not installed", "how to get it")]) == (
        "              address                what to see\n"
        "  prometheus  http://127.0.0.1:9090  queries\n"
        "  grafana     not installed          how to get it"
    )


def test_what_a_service_lacks_stands_below_it() -> None:
    assert format_table([ROW], degraded={"prometheus": "degraded: no disk"}) == (
        "              address                what to see\n"
        "  prometheus  http://127.0.0.1:9090  queries\n"
        "                                     degraded: no disk"
    )
