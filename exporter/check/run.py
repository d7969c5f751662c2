"""Runs the check: every source in turn within a time limit, and the report."""

import asyncio
import os
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from exporter.check import modules, report
from exporter.check.attempt import CheckDeadline, OperationCounter, count_operations
from exporter.check.backend import check_backend
from exporter.check.broker import check_broker, check_results
from exporter.check.database import check_database
from exporter.check.finding import ReportSection
from exporter.check.own_services import check_prometheus, check_service
from exporter.check.redis_servers import check_cache, check_ingestion
from exporter.settings import Settings
from exporter.sources import Sources

SECONDS = 20.0  # for everything
CHECKS: tuple[Callable[[Sources, OperationCounter, CheckDeadline], Awaitable[ReportSection]], ...] = (
    check_backend,
    check_database,
    check_cache,
    check_broker,
    check_results,
    check_ingestion,
    check_prometheus,
    check_service,
)
COST = "COST A MINUTE  as measured now, with the periods of these settings"


@dataclass(frozen=True)
class CheckReport:
    """The sections, the proposed modules, the duration in seconds, and the budget of a source's time."""

    sections: tuple[ReportSection, ...]
    proposal: str
    seconds: float
    share: float

    @property
    def hidden(self) -> int:
        """The number of findings that are configured and cannot be seen."""
        return sum(section.hidden for section in self.sections)


def main(settings: Settings) -> int:
    """Check and print; 0 where all that is configured can be seen, else 1."""
    result = asyncio.run(run_check(settings))
    coloured = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    sys.stdout.write(render_report(result, shutil.get_terminal_size((80, 24)).columns, coloured))
    return int(result.hidden > 0)


async def run_check(settings: Settings, seconds: float = SECONDS) -> CheckReport:
    """Check every source of these settings, one after another."""
    began, limit = time.monotonic(), CheckDeadline(seconds)
    sources = Sources.build(settings)
    own = sources.service.client
    try:
        with count_operations(sources.backend.client, *([own] if own else [])) as meter:
            sections = [await each(sources, meter, limit) for each in CHECKS]
            found, proposal = await modules.check_modules(settings, sources.backend, limit)
    finally:
        await sources.close()
    return CheckReport(
        (sections[0], found, *sections[1:]), proposal, time.monotonic() - began, settings.limits.own_share
    )


def render_report(result: CheckReport, width: int, coloured: bool = False) -> str:
    """The report as text: findings, cost, and proposed modules."""
    parts = [report.render_sections(result.sections, width, coloured)]
    if rows := report.cost_rows(result.sections, result.share):
        parts.append(f"{COST}\n{report.render_columns(rows, width)}\n")
    if result.proposal:
        parts.append(f"{modules.HEADING}\n\n{result.proposal}")
    parts.append(f"Checked in {result.seconds:.1f} s: {conclusion(result.hidden)}.\n")
    return "\n".join(parts)


def conclusion(hidden: int) -> str:
    """The last sentence."""
    if not hidden:
        return "all that is configured can be seen"
    return f"{hidden} configured {'thing' if hidden == 1 else 'things'} cannot be seen (NOT SEEN above)"
