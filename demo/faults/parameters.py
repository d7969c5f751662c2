"""The parameters of the faults, and what they may be."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator

from demo.settings import MODULES


class NoParameters(BaseModel):
    """A fault without parameters."""

    model_config = ConfigDict(extra="forbid")


class ModuleParameters(NoParameters):
    """A fault of one module."""

    module: str = "search"

    @field_validator("module")
    @classmethod
    def _known(cls, value: str) -> str:
        if value not in MODULES:
            raise ValueError(f"expected one of {', '.join(MODULES)}")
        return value


class SlowParameters(ModuleParameters):
    """How slow."""

    seconds: Annotated[float, Field(ge=0, le=60)] = 1.0


class ErrorParameters(ModuleParameters):
    """How many of the answers fail."""

    share: Annotated[float, Field(gt=0, le=1)] = 0.5


class FloodParameters(NoParameters):
    """How many messages flood which queue, and how long each occupies a worker."""

    count: Annotated[int, Field(ge=1, le=100_000)] = 500
    queue: Literal["urgent", "high_priority", "default", "ml_tasks", "batch", "repo_ingestion"] = "default"
    seconds: Annotated[float, Field(ge=0, le=60)] = 2.0


class UnroutedParameters(NoParameters):
    """How many tasks are sent at once; more follow with the traffic."""

    count: Annotated[int, Field(ge=0, le=100_000)] = 50


class ModelParameters(NoParameters):
    """Which model's file is overwritten."""

    model: Literal["ncf_model", "classifier"] = "ncf_model"


class DeadlockParameters(NoParameters):
    """How many connections the pool lends, and how long a request blocks the event loop for one."""

    # As many as the real pool. Behind 5 s of a blocked loop users alone send more than that, 4 of them a
    # second; behind the 3 s of a single question they do not.
    connections: Annotated[int, Field(ge=1, le=100)] = 15
    seconds: Annotated[float, Field(gt=0, le=60)] = 30.0


class ConnectionParameters(NoParameters):
    """How connections are closed, and which share of them only when the next request has come."""

    how: Literal["reset", "clean", "both"] = "both"
    late: Annotated[float, Field(ge=0, le=1)] = 0.25


class RetryParameters(NoParameters):
    """How long a request to the ingestion retries on the event loop."""

    seconds: Annotated[float, Field(ge=0, le=60)] = 3.0


class RoleParameters(NoParameters):
    """Whether the role may read the tables, as a reader of the application would."""

    tables: bool = False


class RedisUserParameters(NoParameters):
    """What the user lacks: every command, every key, or one command that counts (LLEN) or tells (INFO)."""

    lacks: Literal["everything", "keys", "llen", "info"] = "everything"


class FrozenParameters(NoParameters):
    """After how many seconds the server goes on by itself; 0 for not before the fault is lifted."""

    seconds: Annotated[float, Field(ge=0, le=3600)] = 0.0


class Zone(NoParameters):
    """How many hours the backend's clock on the wall is ahead of UTC."""

    hours: Annotated[float, Field(ge=-12, le=14)] = -5.0
