"""Queries that answer nothing while all is well: why, and what makes them answer."""

from dataclasses import dataclass

BAND = "alerts / Signal and usual band: $signal $part"
HOUR = "an hour of history"
WEEK = "a week of history"
ERRORS = "errors-in-module"
TASKS = "failing-tasks"
LYING = "lying"
CHANGE = "what it reports on to change, since the request blocks the backend"
SQLITE = "sqlite"
SPIKES = "latency-monitor-threshold"
# the queries of what is on the pages of the jobs of other exporters alone
SERVER_DETAILS = {
    "Checkpoint time": "AB", "Writer pressure": "ABC", "Server": "CE", "Version": "A",
    "Memory settings": "ABCDE", "Switches": "ABCD", "Planner and I/O settings": "ABCDE",
    "Process settings": "ABCDE",
}  # fmt: skip
DETAILS = {
    "Clients": "CE", "Reads and writes": "ABCD", "Processor": "CD", "Subscriptions and tracking": "CDE",
    "Error replies": "BC", "Allocator": "ABCDEF", "Fragmentation": "C", "Defragmentation": "ABCD",
    "Scripts and clean-up": "AC", "Time of writing": "BCD", "Sizes": "ACDEF", "Waits of the AOF": "ABCD",
    "Replication offset": "BC", "Backlog": "A",
}  # fmt: skip


@dataclass(frozen=True)
class Quiet:
    """Why a query is silent, and the fault, or else the state of the system, under which it answers."""

    why: str
    fault: str = ""
    needs: str = ""


QUIET: dict[str, Quiet] = {
    "overview / All modules / F": Quiet("the response time is compared with that of an hour ago", needs=HOUR),
    "overview / All modules / D": Quiet("only modules in trouble were last healthy at some time", ERRORS),
    "overview / Wrong self-reports / A": Quiet("every report agrees with what is observed", LYING),
    **{f"overview / Firing alerts / {letter}": Quiet("no alert fires", ERRORS) for letter in "AC"},
    "overview / Firing alerts / B": Quiet("no alert that fires hides another", needs="a cause"),
    "module / Evidence / D": Quiet(
        "the demo counts requests in progress without telling modules apart", needs="a backend that does"
    ),
    "module / $module / D": Quiet("nothing is judged while too little is known", needs=HOUR),
    **{f"module / Firing alerts / {letter}": Quiet("no alert names the module", ERRORS) for letter in "AB"},
    **{
        f"cache / {query}": Quiet("Redis has no limit of memory", needs="maxmemory")
        for query in ("Last hour / B", "Memory / D")
    },
    "ingestion / Last hour / B": Quiet("no job has ended in half an hour", needs="a job"),
    "ingestion / Service job duration p95 / A": Quiet("no job has ended", needs="a job"),
    "ingestion / Progress of the run / A": Quiet("no generation is active", needs="a generation"),
    "ingestion / Service / C": Quiet("no generation is active", needs="a generation"),
    **{
        f"ingestion / Service / {letter}": Quiet("no generation has ended yet", needs="a generation")
        for letter in "DEF"
    },
    "ingestion / Jobs by state / A": Quiet(
        "the demo's ingestion worker keeps no table of jobs", needs="a backend that keeps one"
    ),
    "ingestion / Age of oldest job / A": Quiet("nothing waits in a queue", needs="a job that waits"),
    "ingestion / Job history / B": Quiet("no job has ended yet", needs="a job"),
    "workers / Failures by exception / A": Quiet("no task fails", TASKS),
    **{
        f"alerts / Firing and pending alerts / {letter}": Quiet("no alert fires", ERRORS) for letter in "AB"
    },
    "alerts / Firing and pending alerts / C": Quiet("no alert that fires hides another", needs="a cause"),
    "alerts / Alert history / A": Quiet("no alert has fired", ERRORS),
    **{f"alerts / Alert noise / {letter}": Quiet("no alert has fired", ERRORS) for letter in "AB"},
    "alerts / Alerts by severity / A": Quiet("no alert has fired", ERRORS),
    "alerts / Wrong self-reports over time / A": Quiet("every report agreed with what was observed", LYING),
    **{
        f"{BAND} / {letter}": Quiet("there is no band while too little is known", needs=HOUR)
        for letter in "BC"
    },
    **{f"{BAND} / {letter}": Quiet("the signal is as usual", needs="something unusual") for letter in "DE"},
    f"{BAND} / F": Quiet("the signal that is shown first has no level of this severity"),
    "alerts / Anomalies over time / A": Quiet("nothing was unusual", needs="something unusual"),
    "cache / Errors by kind / A": Quiet("the server has sent no error", needs="a wrong command"),
    "cache / Rejected and failed calls / A": Quiet("every call succeeded", needs="a call that is refused"),
    "cache / Rejected and failed calls / B": Quiet("every call succeeded", needs="a wrong command"),
    **{f"cache / Latency spikes / {letter}": Quiet("no spike is monitored", needs=SPIKES) for letter in "AB"},
    **{f"cache / Replicas / {letter}": Quiet("Redis has no replica", needs="a replica") for letter in "AB"},
    **{f"cache / Master / {letter}": Quiet("Redis follows no master", needs="a master") for letter in "ABCD"},
    **{
        f"cache / {panel} / {letter}": Quiet("a detail of Redis is on request alone", needs="the job redis")
        for panel, letters in DETAILS.items()
        for letter in letters
    },
    "cache / Databases / C": Quiet("Redis knows no mean TTL yet", needs="keys with a TTL"),
    "cache / Sizes / B": Quiet("Redis writes no AOF", needs="an AOF"),
    **{
        f"workers / {what} by worker / A": Quiet("tasks are told by queue alone", needs="celery.task_hosts")
        for what in ("Succeeded", "Failed")
    },
    "workers / Accepted tasks / A": Quiet("the route is requested on change alone", needs=CHANGE),
    **{
        f"workers / Reported tasks / {letter}": Quiet("the route is requested on change alone", needs=CHANGE)
        for letter in "ABC"
    },
    "workers / Failed results / A": Quiet("no stored result is a failure", TASKS),
    "postgresql / Tables by dead rows / C": Quiet("no table was cleaned yet", needs="some minutes"),
    **{
        f"postgresql / Checkpoints / {letter}": Quiet("only replicas have them", needs="PostgreSQL 17")
        for letter in "CDE"
    },
    **{
        f"postgresql / {panel} / {letter}": Quiet(
            "a detail of PostgreSQL is on request alone", needs="the job postgres"
        )
        for panel, letters in SERVER_DETAILS.items()
        for letter in letters
    },
    "postgresql / Standby backlog / A": Quiet("no standby is connected", needs="a standby"),
    **{
        f"postgresql / Standbys / {letter}": Quiet("no standby is connected", needs="a standby")
        for letter in "ABC"
    },
    **{
        f"postgresql / Slots / {letter}": Quiet("there is no slot", needs="a replication slot")
        for letter in "AB"
    },
    "postgresql / Indexes never used / A": Quiet("every index was used", needs="an index that nobody uses"),
}  # fmt: skip
AGREED = Quiet("every report agreed with what was observed", LYING)
ANNOTATIONS = {
    "annotation Alerts": Quiet("no alert has fired", ERRORS),
    "annotation Critical alerts": Quiet("no critical alert has fired", needs="one"),
    "annotation Warnings": Quiet("no warning has fired about this subject", needs="one"),
    "annotation Wrong self-reports": AGREED,
    "annotation Reports that disagree": AGREED,
}
# the boards of whose subject the faults raise warnings
WARNED = {f"{board} / annotation Warnings" for board in ("api", "module", "workers")}
FAULTS = {ERRORS: {"module": "search", "share": 0.7}, TASKS: {}, LYING: {}}
# boards that answer on one database alone
ONLY = {"postgresql": Quiet("the backend's database is SQLite", needs="PostgreSQL")}


def quiet(board: str, panel: str, letter: str, database: str = "postgres") -> Quiet | None:
    """Why this query may be silent with this database; None where it may not."""
    if database == SQLITE and board in ONLY:
        return ONLY[board]
    if f"{board} / {panel}" in WARNED:
        return Quiet("no warning has fired about this subject", ERRORS)
    return ANNOTATIONS.get(panel) or QUIET.get(f"{board} / {panel} / {letter}")
