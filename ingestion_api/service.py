"""The parts that routes and pages need, made once from the settings."""

from dataclasses import dataclass, field

from fastapi import Request

from ingestion_api.access.session_signers import SessionSigners
from ingestion_api.access.signing import Signer, SigningKeyCache
from ingestion_api.access.token_registry import TokenRegistry
from ingestion_api.access.tokens import InvalidToken
from ingestion_api.alerts.counts import AlertCounter
from ingestion_api.alerts.feed import IncidentFeed
from ingestion_api.alerts.group_commit import GroupCommit
from ingestion_api.alerts.history_thread import HistoryThread
from ingestion_api.alerts.noise import NoiseReports
from ingestion_api.alerts.poller import AlertmanagerPoller
from ingestion_api.alerts.timeline_reader import TimelineReader
from ingestion_api.alerts.webhook_counters import WebhookCounters
from ingestion_api.backtest.backtest import Backtests
from ingestion_api.broker import Broker
from ingestion_api.cache import Cache
from ingestion_api.cached_value import CachedValue
from ingestion_api.clock import Clock, utc_now
from ingestion_api.edge_queue import EdgeQueue
from ingestion_api.embeddings.coverage import Coverage
from ingestion_api.errors import SignInUnavailable
from ingestion_api.jobs.outbox import JobTransports, OutboxRelay
from ingestion_api.notices.hub import NoticeHub, StreamLimits
from ingestion_api.prometheus_api import PrometheusApi
from ingestion_api.repository import UrlRules
from ingestion_api.resources.table import ResourceDatabase
from ingestion_api.retention.retention_thread import RetentionThread
from ingestion_api.settings import Settings
from ingestion_api.signals import SignalFile
from ingestion_api.store import Store


@dataclass(frozen=True)
class Service:
    """The parts of the running service."""

    settings: Settings
    store: Store
    broker: Broker
    rules: UrlRules
    resources: ResourceDatabase
    outbox: OutboxRelay
    tokens: TokenRegistry
    signing_keys: SigningKeyCache
    signals: SignalFile
    backtests: Backtests
    notices: NoticeHub
    deliveries: GroupCommit
    noise: NoiseReports
    alert_counter: AlertCounter
    cache: Cache | None = None
    edge: EdgeQueue | None = None
    clock: Clock = utc_now
    coverage: CachedValue[Coverage] = field(default_factory=CachedValue)
    incidents: IncidentFeed = field(default_factory=IncidentFeed)
    alertmanager: AlertmanagerPoller | None = None
    history: HistoryThread | None = None
    retention: RetentionThread | None = None
    timelines: TimelineReader | None = None
    webhook_counters: WebhookCounters = field(default_factory=WebhookCounters)

    def close(self) -> None:
        """Close all connections."""
        for part in (
            self.backtests,
            self.timelines,
            self.broker,
            self.cache,
            self.edge,
            self.resources,
            self.store,
        ):
            if part is not None:
                part.close()

    def session_signers(self) -> SessionSigners:
        """The signers of cookies. It may query the database.

        SignInUnavailable while no token of a person is valid, so that nothing signed opens anything either.
        """
        try:
            valid = self.tokens.current()
            people, binding = valid.people(), valid.binding()
        except InvalidToken as flaw:
            raise SignInUnavailable(f"Nobody can sign in: {flaw.detail}.") from None
        return SessionSigners(self.signing_keys.current(), people, binding)

    def signer(self) -> Signer:
        """The signer of what belongs to no person; any new token, or a new key, revokes what was signed."""
        return self.session_signers().anonymous


def make_service(settings: Settings, clock: Clock = utc_now) -> Service:
    """Make the service; nothing is connected yet."""
    store = Store.at(settings.database)
    incidents = IncidentFeed()
    broker = Broker.at(settings)
    edge = EdgeQueue.at(settings)
    alertmanager = AlertmanagerPoller(store, incidents, settings, clock)
    signals = SignalFile(settings.thresholds_file)
    rules = UrlRules.at(settings)
    return Service(
        settings=settings,
        store=store,
        broker=broker,
        rules=rules,
        resources=ResourceDatabase(settings, store.engine),
        outbox=OutboxRelay(JobTransports(store, broker, edge, rules), settings, clock),
        tokens=TokenRegistry.at(settings),
        signing_keys=SigningKeyCache(store, clock),
        signals=signals,
        backtests=Backtests(PrometheusApi.at(settings)),
        notices=NoticeHub(
            store, incidents, StreamLimits(settings.notice_streams, settings.notice_streams_per_address)
        ),
        deliveries=GroupCommit(store, incidents),
        alert_counter=AlertCounter(store),
        noise=NoiseReports(store, clock),
        cache=Cache.at(settings),
        edge=edge,
        clock=clock,
        incidents=incidents,
        alertmanager=alertmanager,
        timelines=TimelineReader.at(settings),
        history=HistoryThread(store, incidents, alertmanager.coverage, signals, clock),
        retention=RetentionThread(store, settings, clock),
    )


def current_service(request: Request) -> Service:
    """The service that answers this request."""
    service: Service = request.app.state.service
    return service
