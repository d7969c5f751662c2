"""Who points `make run` at a backend is told what can be seen, what not, and what it costs."""

import sys

from stack.check import print_check
from stack.target_system import TargetSystem
from tests.servers.ports import free_port

EXPORTER = (sys.executable, "-m", "exporter")


def told(watched: TargetSystem, **environment: str) -> str:
    """What is said of this system."""
    said: list[str] = []
    print_check(watched, EXPORTER, environment, said.append)
    return "\n".join(said)


def test_what_is_missing_is_named_before_the_start() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    text = told(TargetSystem(url, None), BACKEND_URL=url, REDIS_URL=f"redis://127.0.0.1:{free_port()}/2")
    assert "NOT SEEN" in text
    assert "DATABASE_URL" in text
    assert "CELERY_BROKER_URL" in text
