"""`python -m exporter.compatible DASHBOARD.json|RULES.yml ... [--prometheus URL]`.

Exit status 0: every query answers as it is; 1: some do not, or only once a job is switched on; 2: a file, or
Prometheus, cannot be read.
"""

import argparse
import json
import sys
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterable
from pathlib import Path

from exporter.collectors.peers import JOBS
from exporter.compatible.documents import UnreadableFile, read_queries

TIMEOUT = 10.0  # seconds that Prometheus may take for one query


class PrometheusUnreachable(Exception):
    """Prometheus gives no answer; the text is one sentence."""


def main() -> int:
    """Print the report; the exit status."""
    arguments = parser().parse_args()
    try:
        from exporter.compatible import in_time, report, verdicts  # noqa: PLC0415  (the parser of PromQL is optional)
    except ImportError:
        sys.stderr.write("the package promql-parser is missing; install it with pip install promql-parser\n")
        return 2
    judged: list[verdicts.Verdict] = []
    try:
        documents = [read_queries(file) for file in arguments.files]
        # the rules of one file may record what the dashboard in another asks for
        recorded = {name for it in documents for name in it.recorded}
        for document in documents:
            judged += [in_time.judge_in_time(it, document.variables, recorded) for it in document.queries]
        series = {it.text() for verdict in judged for it in verdict.selectors} - {""}
        found = ask(arguments.prometheus, series) if arguments.prometheus else {}
        jobs = scraped_jobs(arguments.prometheus) if arguments.prometheus else []
    except (UnreadableFile, PrometheusUnreachable) as error:
        sys.stderr.write(f"{error}\n")
        return 2
    judged = [verdicts.confirm(it, found, jobs) for it in judged]
    sys.stdout.write("".join(f"{line}\n" for line in report.lines(judged, found)))
    return int(any(it.status != verdicts.ANSWERS for it in judged))


def parser() -> argparse.ArgumentParser:
    """Parse the command line."""
    it = argparse.ArgumentParser(
        prog="python -m exporter.compatible",
        description="Say of each query of dashboards and rule files whether its metrics and labels are here, "
        "and what to switch on.",
    )
    it.add_argument("files", type=Path, nargs="+", metavar="FILE", help="a dashboard (JSON) or rules (YAML)")
    it.add_argument("--prometheus", metavar="URL", help="also ask this Prometheus for the series")
    return it


def ask(url: str, series: Iterable[str]) -> dict[str, bool]:
    """Of each selector whether Prometheus has a series now. Raises PrometheusUnreachable."""
    return {it: bool(count(url, it)) for it in sorted(series)}


def scraped_jobs(url: str) -> list[str]:
    """The jobs of other exporters that this Prometheus scrapes. Raises PrometheusUnreachable."""
    return [job for job in JOBS if count(url, f'up{{job="{job}"}}')]


def count(url: str, selector: str) -> list[object]:
    """The number of series of the selector, empty for none. Raises PrometheusUnreachable."""
    address = f"{url.rstrip('/')}/api/v1/query?{urllib.parse.urlencode({'query': f'count({selector})'})}"
    if not address.startswith(("http://", "https://")):
        raise PrometheusUnreachable(f"--prometheus is {url!r}; expected http:// or https://")
    try:
        with urllib.request.urlopen(address, timeout=TIMEOUT) as answer:  # noqa: S310  (checked above)
            return list(json.load(answer)["data"]["result"])
    except urllib.error.HTTPError:
        return []  # a selector that Prometheus refuses, as one that fits everything
    except (OSError, ValueError, LookupError) as error:
        raise PrometheusUnreachable(f"Prometheus at {url} cannot be read: {error}") from None


if __name__ == "__main__":
    sys.exit(main())
