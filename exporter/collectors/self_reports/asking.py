"""How reports and observations are asked for: what fails or takes too long is None."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import TypeVar

from exporter.errors import SourceError
from exporter.question import Question

T = TypeVar("T")
MAX_WAIT = 1.1  # seconds; a question has 1 s by default


async def get_or_none(ask: Callable[[], Awaitable[T]]) -> T | None:
    """The answer, None where there is none in time."""
    try:
        async with asyncio.timeout(MAX_WAIT):
            return await ask()
    except (SourceError, TimeoutError):
        return None


async def cached_or_none(question: Question[T]) -> T | None:
    """The last answer of a slow question; one that was never answered is not waited for."""
    return None if question.answered_at is None else await get_or_none(question.answer)
