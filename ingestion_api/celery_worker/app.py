"""The Celery application of a worker; settings come from SERVICE_... and the file SERVICE_CONFIG names."""

import logging
import os
import sys
from pathlib import Path
from typing import Any

from celery.signals import worker_ready, worker_shutdown
from celery.worker.state import SOFTWARE_INFO

from ingestion_api.broker import make_celery_app
from ingestion_api.celery_worker.context import worker_context
from ingestion_api.celery_worker.heartbeat import Heartbeat
from ingestion_api.errors import configure_logging
from ingestion_api.settings_load import SettingsError, load_settings, misspelled_variables

_file = os.environ.get("SERVICE_CONFIG")
_unknown = misspelled_variables(os.environ)
try:
    settings = load_settings(Path(_file) if _file else None)
except SettingsError as error:
    sys.exit("\n".join((str(error), *_unknown)))

if settings.broker_url is None:
    sys.exit("broker_url is empty, so there is no queue to work on; set SERVICE_BROKER_URL to a Redis")

app = make_celery_app(settings, include=["ingestion_api.celery_worker.tasks"])

_heartbeats: list[Heartbeat] = []
# the name in its heartbeats, which distinguishes it from the backend's workers on one broker
SOFTWARE_INFO["sw_ident"] = "watchroom"

configure_logging(settings.log_level)
for _sentence in _unknown:
    logging.getLogger("ingestion_api").warning(_sentence)


@worker_ready.connect
def start_heartbeat(sender: Any, **_more: object) -> None:
    """Register the worker and start its heartbeat."""
    queues = sorted(sender.app.amqp.queues.consume_from)
    heartbeat = Heartbeat(worker_context(), str(sender.hostname), queues, sender.contact)
    heartbeat.start()
    _heartbeats.append(heartbeat)


@worker_shutdown.connect
def stop_heartbeat(**_more: object) -> None:
    """Mark the worker as stopped, so that its next heartbeat is not expected."""
    while _heartbeats:
        _heartbeats.pop().stop()
