"""Every query by name: panels, tests and docs share them, no panel holds PromQL of its own."""

from grafana.modern import Query, query

RATE = "$__rate_interval"


def levels_of(signal: str, severities: tuple[str, ...] = ("warning", "critical")) -> list[Query]:
    """The levels in force of a signal, one series each, which panels draw as dashed lines."""
    return [
        query(f'max(ops:threshold{{signal="{signal}",severity="{severity}"}})', f"level {severity}")
        for severity in severities
    ]


def pool_use() -> Query:
    """Share of the pool's real capacity that is lent."""
    return query("max(ops_database_pool_use_ratio)", "in use")


def request_rate(by: str = "module", selector: str = "") -> Query:
    """Requests a second, by module."""
    return query(f"sum by ({by}) (rate(ops_http_requests_total{{{selector}}}[{RATE}]))", f"{{{{{by}}}}}")
