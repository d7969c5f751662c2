"""Sparse embeddings: make the missing ones, see how far it is."""

from datetime import datetime
from typing import Annotated, Literal, Self

from fastapi import APIRouter, Body, Request
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator
from pydantic.config import JsonDict

from ingestion_api.access.bearer import Operator
from ingestion_api.embeddings.request import GenerationParameters, embedding_status, request_generation
from ingestion_api.jobs.queries import duration_seconds
from ingestion_api.routes.examples import EMBEDDINGS, QUEUED, RUN, with_example
from ingestion_api.routes.schemas import ApiResponse, State, error_responses
from ingestion_api.service import current_service
from ingestion_api.store.tables import Job
from ingestion_api.web.json_route import JsonRoute

router = APIRouter(prefix="/admin/sparse-embeddings", tags=["sparse embeddings"], route_class=JsonRoute)

ResourceId = Annotated[str, StringConstraints(min_length=1, max_length=64, pattern=r"^[0-9A-Za-z_.:-]+$")]


def _require_integer(value: object) -> object:
    # JSON has one kind of number, so 100.0 is a whole one
    return int(value) if isinstance(value, float) and value.is_integer() else value


BatchSize = Annotated[int, Field(ge=1, le=10_000), BeforeValidator(_require_integer)]


# what `Wanted.one_choice` refuses, for those who read the document
_EITHER_SELECTION: JsonDict = {
    "properties": {"outdated": {"const": True}},
    "required": ["outdated"],
    "anyOf": [
        {"properties": {"rebuild": {"const": True}}, "required": ["rebuild"]},
        {"properties": {"resource_ids": {"type": "array"}}, "required": ["resource_ids"]},
    ],
}


class GenerationRequest(BaseModel):
    """Which resources get a vector; without ids those that have none."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        json_schema_extra={
            "examples": [
                {},
                {"resource_ids": ["6f9619ff-8b86-4d01-b42d-00cf4fc964ff"], "batch_size": 50},
            ],
            "not": _EITHER_SELECTION,
        },
    )

    resource_ids: list[ResourceId] | None = Field(default=None, min_length=1, max_length=10_000)
    batch_size: BatchSize | None = Field(default=None, description="Rows a commit.")
    rebuild: bool = Field(default=False, description="Make every vector anew, from fresh corpus statistics.")
    outdated: bool = Field(default=False, description="Make anew the vectors that another model made.")

    @model_validator(mode="after")
    def one_choice(self) -> Self:
        """Named ones, all, and those of other models exclude each other; refuse two of them."""
        if self.outdated and (self.rebuild or self.resource_ids is not None):
            raise ValueError("outdated stands beside resource_ids or rebuild; expected one of the three")
        return self


class QueuedOut(ApiResponse):
    """The generation that was queued."""

    model_config = with_example(QUEUED)

    status: Literal["queued", "processing"]
    job_id: str
    estimated_duration_minutes: int
    resources_to_process: int


class RunOut(ApiResponse):
    """One generation."""

    model_config = with_example(RUN)

    job_id: int
    status: State
    stage: str | None
    started_at: datetime | None
    ended_at: datetime | None
    duration_seconds: float | None
    total: int | None
    done: int | None
    error: str | None

    @classmethod
    def of(cls, job: Job) -> "RunOut":
        """The answer for a row."""
        return cls.model_validate(
            {
                "job_id": job.id,
                "status": job.state,
                "stage": job.stage,
                "started_at": job.started_at,
                "ended_at": job.ended_at,
                "duration_seconds": duration_seconds(job),
                "total": job.embeddings_total,
                "done": job.embeddings_generated,
                "error": job.error,
            }
        )


class CoverageOut(ApiResponse):
    """How many resources have a vector, by the model that made it."""

    model_config = with_example(EMBEDDINGS["coverage"])

    total: int
    embedded: int
    missing: int
    by_model: dict[str, int]


class EmbeddingStatusOut(ApiResponse):
    """The state of all sparse vectors."""

    model_config = with_example(EMBEDDINGS)

    running: RunOut | None
    progress: float | None = Field(description="0 to 1 of the running generation.")
    remaining_seconds: float | None
    last_success: RunOut | None
    last_run: RunOut | None
    coverage: CoverageOut


@router.post(
    "/generate",
    status_code=202,
    responses=error_responses(400, 401, 409, 413, 422, 429, 503),
    summary="Make sparse vectors",
)
def generate(request: Request, actor: Operator, wanted: Annotated[GenerationRequest, Body()]) -> QueuedOut:
    """Queue a generation; asking for the active one again gives that one."""
    service = current_service(request)
    ids = tuple(wanted.resource_ids) if wanted.resource_ids is not None else None
    size = wanted.batch_size or service.settings.batch_size
    requested = request_generation(
        service, GenerationParameters(ids, size, wanted.rebuild, wanted.outdated), actor
    )
    return QueuedOut(
        status="queued" if requested.job.state == "pending" else "processing",
        job_id=str(requested.job.id),
        estimated_duration_minutes=requested.estimated_minutes,
        resources_to_process=requested.resources,
    )


@router.get("/status", responses=error_responses(503), summary="How far the vectors are")
def status(request: Request) -> EmbeddingStatusOut:
    """The running generation, the last ones, and how many resources have a vector; watchers need no token."""
    found = embedding_status(current_service(request))
    covered = found.coverage
    return EmbeddingStatusOut(
        running=RunOut.of(found.active) if found.active else None,
        progress=_progress(found.active) if found.active else None,
        remaining_seconds=found.remaining_seconds,
        last_success=RunOut.of(found.last_success) if found.last_success else None,
        last_run=RunOut.of(found.last) if found.last else None,
        coverage=CoverageOut(
            total=covered.total,
            embedded=covered.embedded,
            missing=covered.total - covered.embedded,
            by_model=covered.by_model,
        ),
    )


def _progress(job: Job) -> float:
    return min(1.0, (job.embeddings_generated or 0) / job.embeddings_total) if job.embeddings_total else 0.0
