"""Jobs under the names of other exporters: prometheus/jobs.yml switches them on, in prometheus.yml.

Their series leave the job where they are by default, so that none exists under two jobs. Our own rules and
panels read them under either job.
"""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from pydantic import Field, ValidationError

from prometheus.config_file import ConfigFileError, ConfigModel, read_yaml

FILE = Path(__file__).with_name("jobs.yml")
CONFIGURATION = Path(__file__).with_name("prometheus.yml")
EXPORTER, BACKEND = "exporter", "backend"
# the names that each job has, and the job that has them while it is switched off
PEERS: Mapping[str, tuple[str, str]] = {
    "celery-exporter": (r"celery_\w+", EXPORTER),
    "fastapi": (r"(?:http_re(?:quest|sponse)|process_)\w+", BACKEND),
    "postgres": (r"pg_\w+", EXPORTER),
    "redis": (r"redis_\w+", EXPORTER),
}
# jobs of a second server, whose names are on a page of its own: its collector and instance. Our rules and
# panels mean the first one
SECOND: Mapping[str, tuple[str, str]] = {"redis-broker": ("broker_redis", "broker")}
NAMES = (*PEERS, *SECOND)
# Grafana's variable is the exporter's job
JOBS = {EXPORTER: r"exporter|\$job", BACKEND: "backend"}
# a selector of such names up to its matcher of the job
SELECTORS = {
    peer: re.compile(rf'(?<![\w:])({names}{{[^{{}}]*?)\bjob="({JOBS[job]})"')
    for peer, (names, job) in PEERS.items()
}
BLOCK = re.compile(r"( *)# <jobs\.yml: (\w+)>\n(?:.*\n)*?\1# </jobs\.yml>\n")


class PeerJobs(ConfigModel):
    """Which jobs are switched on."""

    celery_exporter: bool = Field(alias="celery-exporter")
    fastapi: bool
    postgres: bool
    redis: bool
    redis_broker: bool = Field(False, alias="redis-broker")

    def names(self) -> list[str]:
        """The jobs that are switched on."""
        return [name for name, is_on in self.model_dump(by_alias=True).items() if is_on]


def load_jobs(file: Path = FILE) -> list[str]:
    """The jobs that are switched on. Raises ConfigFileError with one sentence."""
    try:
        return PeerJobs.model_validate(read_yaml(file)).names()
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(it) for it in first["loc"]) or "the file"
        raise ConfigFileError(
            f"{file.name}: {where} is {first['input']!r}; expected {', '.join(NAMES)}, each true or false"
        ) from None


def accept_peer_jobs(expression: str) -> str:
    """The expression with selectors that find such names under either job."""
    for peer, selector in SELECTORS.items():
        expression = selector.sub(rf'\1job=~"\2|{peer}"', expression)
    return expression


def with_jobs(configuration: str, jobs: list[str]) -> str:
    """The text of prometheus.yml with these jobs switched on, and no other."""
    peers = [it for it in jobs if it in PEERS]
    blocks = {
        "jobs": [line for job in jobs for line in job_lines(job)],
        "excluded": [*excluded_lines([it for it in peers if PEERS[it][1] == EXPORTER])],
        "dropped": [*dropped_lines([it for it in peers if PEERS[it][1] == BACKEND])],
    }

    def fill(block: re.Match[str]) -> str:
        indent, name = block[1], block[2]
        lines = [f"# <jobs.yml: {name}>", *blocks[name], "# </jobs.yml>"]
        return "".join(f"{indent}{line}\n" for line in lines)

    return BLOCK.sub(fill, configuration)


def job_lines(job: str) -> Iterator[str]:
    """The scrape configuration of one job."""
    collector, instance = SECOND.get(job, (job, ""))
    yield f"- job_name: {job}"
    yield from ("  params:", f'    "collect[]": [{collector}]')
    yield from ("  static_configs:", '    - targets: ["127.0.0.1:9810"]')
    if instance:
        # panels that choose a server by its instance show each alone
        yield from ("  relabel_configs:", "    - target_label: instance", f"      replacement: {instance}")


def excluded_lines(jobs: list[str]) -> Iterator[str]:
    """What the page of the exporter leaves out."""
    if jobs:
        yield from ("params:", f'  "exclude[]": [{", ".join(jobs)}]')


def dropped_lines(jobs: list[str]) -> Iterator[str]:
    """What is dropped of the backend's own page."""
    if jobs:
        yield "metric_relabel_configs:"
        yield from (
            "  - source_labels: [__name__]",
            "    regex: (http_request|http_response|process_).+",
            "    action: drop",
        )
