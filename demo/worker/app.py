"""The application a worker is started with: `celery -A demo.worker.app worker`."""

from celery.signals import setup_logging

from demo.faults.state import fault_file
from demo.logs import start_logging
from demo.settings import read_settings
from demo.worker.celery_app import make_celery
from demo.worker.tasks import register
from demo.worker.work import Desk

settings = read_settings()
app = make_celery(settings)
register(app, Desk(settings, fault_file(settings.home)))


@setup_logging.connect
def _log_quietly(**_: object) -> None:
    start_logging("worker", "warning" if settings.log_level == "info" else settings.log_level)
