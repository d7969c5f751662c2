"""How reports and observations are asked for: what fails or takes too long is None."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exporter.errors import SourceError
from exporter.question import Question

T = TypeVar("T")
LONGEST = 1.1  # seconds; a question has 1 s by default


async def maybe(ask: Callable[[], Awaitable[T]]) -> T | None:
    """The answer, None where there is none in time."""
    try:
        async with asyncio.timeout(LONGEST):
            return await ask()
    except (SourceError, TimeoutError):
        return None


async def ready(question: Question[T]) -> T | None:
    """The last answer of a slow question; one that was never answered is not waited for."""
    return None if question.answered_at is None else await maybe(question.answer)
