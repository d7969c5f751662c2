"""A thread that polls Alertmanager, so that no incident fires for ever because its end was not told."""

import logging
import threading
from datetime import timedelta
from urllib.parse import urlsplit

from ingestion_api.alerts.alertmanager_api import AlertmanagerApi
from ingestion_api.alerts.coverage import PollCoverage
from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.reconcile import Reconciler
from ingestion_api.alerts.silences import SilenceKeeper
from ingestion_api.clock import Clock
from ingestion_api.errors import Unavailable
from ingestion_api.settings import Settings
from ingestion_api.store import Store

log = logging.getLogger(__name__)

SETTLED = 1.2  # seconds after a call, so that its alerts are older than the margin
GAP_MARGIN = timedelta(seconds=5)
CONFIRMATION = 0.5  # seconds until the poll that confirms what is missing


class AlertmanagerPoller:
    """Polls each period, and sooner after a call of the webhook; a server that fails ends no incident.

    Without an address in the settings, it is that of the webhook's latest caller, with the port and path of
    the external URL that the call names.
    """

    def __init__(self, store: Store, feed: IncidentFeed, settings: Settings, clock: Clock) -> None:
        self._clock = clock
        self.coverage = PollCoverage(store, timedelta(seconds=3 * settings.alertmanager_period) + GAP_MARGIN)
        self._period = settings.alertmanager_period
        self._given = settings.alertmanager_url.get_secret_value() if settings.alertmanager_url else ""
        self._url = self._given
        self._api: AlertmanagerApi | None = None
        settling = timedelta(seconds=settings.alertmanager_settling)
        self._silences = SilenceKeeper(store, clock)
        self._reconciler = Reconciler(store, feed, settling)
        self._problem = ""
        self._wake = threading.Event()
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="alertmanager", daemon=True)

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    def stop(self) -> None:
        """Stop after the present poll."""
        self._stopped.set()
        self._wake.set()
        if self._thread.is_alive():
            self._thread.join(timeout=10)
        if self._api is not None:
            self._api.close()

    def notice_call(self, caller: str, external_url: str) -> None:
        """Poll soon, since alerts have changed; learn the address where none is set."""
        if not self._given:
            self._url = learned_url(caller, external_url) or self._url
        self._wake.set()

    def wake(self) -> None:
        """Poll soon: what an operator wants of Alertmanager has changed."""
        self._wake.set()

    @property
    def ahead(self) -> timedelta | None:
        """How far Alertmanager's clock was ahead of ours at the last poll; None where it is not known."""
        return self._api.ahead if self._api is not None else None

    def keep_silences(self) -> None:
        """Set, extend and end silences."""
        self._silences.keep(self._client())

    def poll(self) -> None:
        """Poll once; Unavailable with the reason."""
        if api := self._client():
            began = self._clock()
            state = api.state()
            self._reconciler.reconcile(state, began)
            self.coverage.extend([it.notice for it in state.alerts], began)

    def _client(self) -> AlertmanagerApi | None:
        if self._api is not None and self._api.url != self._url:
            self._api.close()
            self._api = None
        if self._api is None and self._url:
            self._api = AlertmanagerApi(self._url)
        return self._api

    def _run(self) -> None:
        while not self._stopped.is_set():
            try:
                self.keep_silences()
                self.poll()
                self._report("")
            except Unavailable as error:
                self._fail(error.detail)
            except Exception as error:  # noqa: BLE001 - a database that is away comes back
                self._fail(type(error).__name__)
            if self._reconciler.has_missing:
                self._stopped.wait(CONFIRMATION)
            elif self._wake.wait(self._period):
                # what was told must be older than the poll's margin
                self._wake.clear()
                self._keep_silences_now()
                self._stopped.wait(SETTLED)

    def _keep_silences_now(self) -> None:
        try:
            self.keep_silences()
        except Exception as error:  # noqa: BLE001 - as above; the next round tries again
            self._report(type(error).__name__)

    def _fail(self, problem: str) -> None:
        self.coverage.interrupt()
        self._report(problem)

    def _report(self, problem: str) -> None:
        """Log a problem once, however many polls it lasts, and its end."""
        if problem == self._problem:
            return
        self._problem = problem
        if problem:
            log.warning("incidents are not reconciled: %s It is tried every %g s.", problem, self._period)
        else:
            log.warning("incidents are reconciled again")


def learned_url(caller: str, external_url: str) -> str:
    """The caller's address with the port and path of its external URL; empty where that is no HTTP URL."""
    try:
        parts = urlsplit(external_url)
        port = parts.port or {"http": 80, "https": 443}[parts.scheme]
    except (ValueError, KeyError):
        return ""
    host = f"[{caller}]" if ":" in caller else caller
    return f"{parts.scheme}://{host}:{port}{parts.path}"
