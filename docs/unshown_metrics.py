"""Why no dashboard of ours shows a metric: the first pattern that fits its name."""

import re
from collections.abc import Mapping

PEERS = "for the public dashboards and rules of {}"
REASONS: Mapping[str, str] = {
    # what others show for us
    r"(redis|pg)_exporter_\w+|redis_last_key_groups_\w+": (
        "about the read itself, which `ops_collector_*` tells on *Exporter and stack*"
    ),
    r"pg_settings_\w+": f"a setting, which changes seldom; {PEERS.format('postgres_exporter')}",
    r"pg_\w+": f"a detail beside what *PostgreSQL* and *Database* show; {PEERS.format('postgres_exporter')}",
    r"redis_(slave|replica|repl|replication|second_repl|master|connected_slave)\w*": (
        f"replication, which the backend does without; {PEERS.format('redis_exporter')}"
    ),
    r"redis_\w+": f"a detail beside what *Cache* shows; {PEERS.format('redis_exporter')}",
    r"celery_task_(sent|received)_total": (
        "*Workers* shows the outcomes; for the public dashboards of celery-exporter"
    ),
    r"celery_\w+": f"a detail beside what *Workers* shows; {PEERS.format('celery-exporter')}",
    r"process_\w+": "*Exporter and stack* shows memory and CPU of every process",
    r"(http_(request|response)|starlette_|fastapi_)\w+": (
        "*API performance* shows the requests by route; for public FastAPI dashboards"
    ),
    # reports of others that we measure ourselves
    r"ops_workers_reported_\w+": "a report that *Workers* measures itself, and that is read seldom",
    r"ops_ingestion_service_(reported_state|jobs|(history|last_job|job_duration|queue)_\w+|up|\w+_total)": (
        "*Ingestion and sparse embeddings* shows what the service tells of itself (`ops_service_*`), "
        "which is newer and whole"
    ),
    r"ops_sparse_embeddings_(run_active|last_run_timestamp_seconds|service_model_resources)": (
        "*Ingestion and sparse embeddings* shows the jobs of such runs and counts the embeddings "
        "in the database itself"
    ),
    r"ops_ingestion_worker_(up|info)": (
        "the status of each worker that *Ingestion and sparse embeddings* shows is judged from it"
    ),
    r"ops_database_reported_warnings": "a sum of the backend's report, whose causes *Database* shows",
    r"ops_ml_health_http_status": "part of the disagreement of self-reports that *Module* shows",
    # how far a measurement goes
    r"ops_cache_keys_measured(_ratio)?": "how far the sample of keys goes that *Cache* shows",
    r"ops_task_results_\w+": "a sample of past results; *Workers* counts the outcomes of all tasks",
    r"ops_queues_unnamed|ops_event_stream_cuts_total": (
        "0 unless a limit is reached; the exporter's log has it as well"
    ),
    r"ops_redis_rights_complete": (
        "missing rights are failures of their collector, which *Exporter and stack* shows"
    ),
    r"ops_database_own_connections": "what the shown connections leave out",
    # labels and limits
    r"ops_(build|database)_info": "versions and kinds, which no level judges",
    r"ops_ingestion_queue_capacity": "the whole of a ratio that is recorded and judged",
    r"ops_worker_prefetch_messages": "a setting of the worker",
    r"ops_worker_stalled": "*Workers* shows whether any of them is (`ops_workers_stalled`)",
    r"ops_queue_unacked_oldest_timestamp_seconds": (
        "*Workers* shows the number of these messages, and the age of waiting ones"
    ),
    r"ops_sparse_embeddings_evidence": (
        "the kinds of evidence behind the suspect vectors that *Ingestion and sparse embeddings* shows"
    ),
    r"ops_anomaly_score": "*Alerts* shows the grade that is made of it",
}


def reason(name: str) -> str:
    """Why no dashboard shows the metric of this name; empty where nobody says."""
    return next((text for pattern, text in REASONS.items() if re.fullmatch(pattern, name)), "")
