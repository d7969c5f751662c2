"""Another application on the backend's broker: `celery -A demo.faults.foreign_app worker`."""

from celery import Celery
from celery.signals import setup_logging

from demo.logs import start_logging
from demo.settings import read_settings

settings = read_settings()
app = Celery("invoices", broker=settings.broker_url)
app.conf.update(
    task_default_queue="invoices",
    worker_send_task_events=True,
    worker_hijack_root_logger=False,
    broker_connection_retry_on_startup=True,
    broker_connection_max_retries=None,
)


@app.task(name="invoices.send")
def send(number: int) -> int:
    """What the other application would do."""
    return number


@setup_logging.connect
def _log_quietly(**_: object) -> None:
    start_logging("foreign", "warning" if settings.log_level == "info" else settings.log_level)
