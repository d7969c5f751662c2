"""Settings of the Celery broker and of the ingestion queue."""

from pydantic import Field, SecretStr

from connections.redis_url import with_master_name
from exporter.settings_types import (
    CeleryUrl,
    RedisUrl,
    Seconds,
    SettingsSection,
    readable_url,
    unreadable_reasons,
)


class CelerySettings(SettingsSection):
    """The broker, the result backend, and the limits of workers and tasks."""

    broker_url: CeleryUrl | None = Field(None, description="URL of the Celery broker; none: it is not polled")
    results_url: CeleryUrl | None = Field(
        None, description="URL of the Celery result backend; none: it is not polled"
    )
    master_name: str | None = Field(
        None,
        min_length=1,
        description="name under which the Sentinels of broker_url and results_url know the server, kombu's "
        "master_name; none: the URL's own",
    )
    timeout: Seconds = Field(1.0, description="seconds that a command may take")
    fast_period: Seconds = Field(
        0.4,
        description="seconds within which queue lengths are read at most once; 0.25 s where one has grown",
    )
    period: Seconds = Field(30.0, description="seconds between two reads of what changes slowly")
    queues: tuple[str, ...] = Field(
        ("urgent", "high_priority", "default", "ml_tasks", "batch", "repo_ingestion", "celery"),
        description="queues that are shown even while they are empty",
    )
    priority_steps: tuple[int, ...] = Field(
        tuple(range(10)),
        description="priorities that may have a list of their own; kombu's priority_steps are among them",
    )
    separator: str = Field(
        "\x06\x16", description="separator between queue and priority in the name of a list, kombu's sep"
    )
    key_prefix: str = Field("", description="prefix of all keys of the broker, kombu's global_keyprefix")
    fanout_prefix: str = Field("/{db}.", description="prefix of broadcast channels, kombu's fanout_prefix")
    event_exchange: str = Field(
        "celeryev", description="exchange on which workers send events, Celery's event_exchange"
    )
    control_exchange: str = Field(
        "celery", description="exchange for commands to workers, Celery's control_exchange"
    )
    published_headers: tuple[str, ...] = Field(
        ("published_at", "sent_at", "timestamp"),
        description="message headers that may hold the time of sending",
    )
    found_queues: int = Field(
        30,
        ge=0,
        le=200,
        description="queues that are shown beside the named ones, the longest; the rest is `other`",
    )
    lists_at_once: int = Field(
        6,
        ge=1,
        le=1000,
        description="lengths that are read in one round trip; where more lists hold messages, in turn",
    )
    results_prefix: str | None = Field(
        None,
        description="prefix of the keys of results, the result backend's global_keyprefix; none: key_prefix",
    )
    foreign_workers: tuple[str, ...] = Field(
        ("watchroom-*",),
        description="node names, as patterns, of workers on the broker that are not the backend's",
    )
    stalled_after: Seconds = Field(
        30.0,
        description="seconds for which a worker may hold a task that could start before it counts as stalled",
    )
    newborn: float = Field(
        15.0,
        ge=0,
        le=3600,
        description="seconds for which a new task counter is first shown as 0; expected: the scrape interval",
    )
    inspect_period: Seconds = Field(15.0, description="seconds between two inspections of all workers")
    results_period: Seconds = Field(30.0, description="seconds between two reads of stored results")
    results_sample: int = Field(1000, ge=1, le=100_000, description="stored results that are read")
    workers: int = Field(200, ge=1, le=5000, description="workers that are shown by name")
    worker_timeout: Seconds = Field(
        15.0, description="seconds without a heartbeat from which a worker is down; it sends one every 2 s"
    )
    worker_forgotten: Seconds = Field(
        1800.0,
        description="seconds without a heartbeat after which a worker is no longer shown; public rules wait "
        "15 minutes for one to return",
    )
    tasks: int = Field(100, ge=1, le=1000, description="task names that are shown")
    task_queues: int = Field(300, ge=1, le=5000, description="pairs of a task and its queue that are shown")
    task_hosts: int = Field(
        0,
        ge=0,
        le=200,
        description="workers by which tasks are told apart, in the label hostname; as many times as many "
        "series as of task_queues; further workers are `other`; 0: no such label",
    )
    tasks_in_flight: int = Field(
        50_000, ge=100, le=1_000_000, description="tasks that are remembered between two of their events"
    )
    exceptions: int = Field(20, ge=1, le=200, description="classes of exceptions that are shown")
    failure_window: Seconds = Field(300.0, description="seconds over which the ratio of failed tasks counts")
    stuck_after: Seconds = Field(
        30.0, description="seconds that a queue's oldest message waits before the queue counts as stuck"
    )

    @property
    def readable_broker(self) -> SecretStr | None:
        """The broker's URL where the exporter can read it."""
        return readable_url(self._named(self.broker_url))

    @property
    def readable_results(self) -> SecretStr | None:
        """The result backend's URL where the exporter can read it."""
        return readable_url(self._named(self.results_url))

    def _named(self, url: SecretStr | None) -> SecretStr | None:
        return url and SecretStr(with_master_name(url.get_secret_value(), self.master_name))

    @property
    def unreadable(self) -> tuple[str, ...]:
        """A sentence for each URL that the exporter cannot read."""
        broker = unreadable_reasons("celery.broker_url", self._named(self.broker_url))
        return (*broker, *unreadable_reasons("celery.results_url", self._named(self.results_url)))

    @property
    def result_prefixes(self) -> tuple[str, ...]:
        """The possible prefixes of result keys; Celery appends `_` to a prefix that ends in a letter."""
        prefix = self.key_prefix if self.results_prefix is None else self.results_prefix
        return (prefix, f"{prefix}_") if prefix else ("",)


class IngestionSettings(SettingsSection):
    """The ingestion queue of the present edge worker and of its successor."""

    url: RedisUrl | None = Field(
        None, description="URL of the Redis database with ingest_queue; none: the broker's"
    )
    timeout: Seconds = Field(1.0, description="seconds that a command may take")
    fast_period: Seconds = Field(
        1.0, description="seconds within which queues are read at most once; PING as often as the broker's"
    )
    period: Seconds = Field(
        5.0, description="seconds between two reads of the heartbeat and of finished jobs"
    )
    capacity: int = Field(10, ge=1, description="items from which the backend refuses more")
    cloud_queue: str = Field("repo_ingestion", description="Celery queue whose workers ingest in the cloud")
    heartbeat_timeout: Seconds = Field(
        300.0, description="seconds without a heartbeat from which the edge worker is down"
    )
