"""Earlier names of postgres_exporter that cannot stand on a page beside those of today: rules record them.

Its version 0.11 gave the counts of the writers a `_total`. OpenMetrics has one name for both, so the page
of the job `postgres` has the newer alone. Many public dashboards ask for the earlier.
"""

from prometheus.rule_file import RecordingRule, RuleGroup

JOB = "postgres"
FILE = "earlier-names.yml"
COLUMNS = (
    "checkpoints_timed", "checkpoints_req", "checkpoint_write_time", "checkpoint_sync_time",
    "buffers_checkpoint", "buffers_clean", "maxwritten_clean", "buffers_backend", "buffers_backend_fsync",
    "buffers_alloc", "stats_reset",
)  # fmt: skip


def earlier_names(jobs: list[str]) -> dict[str, list[RuleGroup]]:
    """The groups of each file that these jobs of other exporters need."""
    if JOB not in jobs:
        return {}
    names = [f"pg_stat_bgwriter_{column}" for column in COLUMNS]
    rules = [RecordingRule(name, f'{name}_total{{job="{JOB}"}}') for name in names]
    return {FILE: [RuleGroup("earlier-names", rules, "15s")]}
