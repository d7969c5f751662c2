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
    r"redis_config_(maxclients|maxmemory)": f"equal to another metric; {PEERS.format('redis_exporter')}",
    r"redis_(start_time_seconds|process_id|cluster_enabled|io_threads_active|slave_info)": (
        "*Cache* shows the uptime, the server's version, mode and role, and its master"
    ),
    r"redis_(slowlog_last_id|last_slow_execution_duration_seconds)": (
        "one entry of the slow log, whose length *Cache* shows"
    ),
    r"redis_migrate_cached_sockets_total": f"only for a cluster's MIGRATE; {PEERS.format('redis_exporter')}",
    r"redis_commands_latencies_usec": "on request only; *Cache* shows the server's own percentiles",
    r"process_\w+": "*Exporter and stack* shows memory and CPU of every process",
    r"(http_(request|response)|starlette_|fastapi_)\w+": (
        "*API performance* shows the requests by route; for public FastAPI dashboards"
    ),
    r"ops_http_module_requests_total": "the sum of a metric that is shown, for the fast scrape alone",
    r"ops_backend_metrics_readings_total": "an alert on requests stands until the next reading",
    r"ops_backend_recovering": "no alert on requests begins right after a return",
    # reports of others that we measure ourselves
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
    r"ops_cache_keys_measured": "*Cache* shows its share of the keys",
    r"ops_redis_rights_complete": (
        "missing rights are failures of their collector, which *Exporter and stack* shows"
    ),
    r"ops_database_own_connections": "what the shown connections leave out",
    # labels and limits
    r"ops_(build|database)_info": "versions and kinds, which no level judges",
    r"ops_ingestion_queue_capacity": "the whole of a ratio that is recorded and judged",
    r"ops_sparse_embeddings_evidence": (
        "the kinds of evidence behind the suspect vectors that *Ingestion and sparse embeddings* shows"
    ),
    r"ops_anomaly_score": "*Alerts* shows the grade that is made of it",
}


def reason(name: str) -> str:
    """Why no dashboard shows the metric of this name; empty where nobody says."""
    return next((text for pattern, text in REASONS.items() if re.fullmatch(pattern, name)), "")
