"""What is asked of the watched backend over HTTP, and how often."""

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from exporter.question import Pace, Question
from exporter.settings import Backend as BackendSettings
from exporter.settings_modules import Module
from exporter.sources.asked import Asked
from exporter.sources.backend_client import BackendClient, Reply
from exporter.sources.token import Token

A = TypeVar("A")
T = TypeVar("T")
MONITORING = "/api/monitoring"


class Backend(Asked):
    """The questions put to the backend; each names its route."""

    def __init__(self, settings: BackendSettings, modules: Sequence[Module]) -> None:
        self.client = BackendClient(
            settings.url, Token(settings.token, settings.token_file), settings.max_bytes
        )
        fast = Pace(settings.timeout, at_most_every=settings.fast_period)
        often = Pace(settings.timeout, every=settings.period)
        # these two block the backend's event loop for seconds: rarely, never in parallel, long rests
        rarely = Pace(settings.slow_timeout, every=settings.slow_period, rest=15.0, longest_rest=300.0)
        ask = self.client.document
        self.totals = Question("backend /metrics", lambda: self.client.text("/metrics"), fast)
        self.pool = Question("backend /db/pool", of(ask, f"{MONITORING}/db/pool"), fast)
        self.performance = Question("backend /performance", of(ask, f"{MONITORING}/performance"), often)
        self.database = Question("backend /database", of(ask, f"{MONITORING}/database"), often)
        self.events = Question("backend /events", of(ask, f"{MONITORING}/events"), often)
        self.history = Question(
            "backend /events/history", of(ask, f"{MONITORING}/events/history?limit=5"), often
        )
        self.cache = Question("backend /cache/stats", of(ask, f"{MONITORING}/cache/stats"), often)
        self.models = Question("backend /model-health", of(ask, f"{MONITORING}/model-health"), often)
        self.ml = Question("backend /health/ml", of(ask, f"{MONITORING}/health/ml"), often)
        self.engagement = Question(
            "backend /user-engagement", of(ask, f"{MONITORING}/user-engagement"), often
        )
        self.recommendations = Question(
            "backend /recommendation-quality", of(ask, f"{MONITORING}/recommendation-quality"), often
        )
        self.health = Question("backend /health", of(ask, f"{MONITORING}/health"), rarely)
        self.workers = Question("backend /workers/status", of(ask, f"{MONITORING}/workers/status"), rarely)
        self.ingestion_health = Question(
            "backend ingestion health", of(self.client.reply, "/api/v1/ingestion/health"), often
        )
        self.worker_status = Question(
            "backend ingestion worker status", of(ask, "/api/v1/ingestion/worker/status"), often
        )
        self.worker_health = Question(
            "backend ingestion worker health", of(ask, "/api/v1/ingestion/health/worker"), often
        )
        self.jobs = Question(
            "backend ingestion jobs", of(ask, "/api/v1/ingestion/jobs/history?limit=100"), often
        )
        self.reported = {
            m.name: Question(
                f"backend health of {m.name}", of(ask, f"{MONITORING}/health/module/{m.name}"), often
            )
            for m in modules
        }
        self.probes: dict[str, Question[Reply]] = {
            m.name: Question(f"backend {m.health}", of(self.client.reply, m.health), fast)
            for m in modules
            if m.health is not None
        }

    async def close(self) -> None:
        """Close the connections."""
        await self.client.close()


def of(ask: Callable[[A], Awaitable[T]], argument: A) -> Callable[[], Awaitable[T]]:
    """The question that `ask` puts with this argument."""
    return lambda: ask(argument)
