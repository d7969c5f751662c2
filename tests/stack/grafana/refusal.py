"""Why Grafana was not brought."""

from pathlib import Path

import pytest

from stack.errors import StackError
from stack.grafana.package import ADVICE, download, unpacked_home
from stack.grafana.repository import Repository


def refusal(wanted: Repository, cache: Path) -> str:
    """The one sentence with which Grafana is not brought; nothing is kept then."""
    with pytest.raises(StackError) as refused:
        download(wanted, cache, lambda _: None)
    assert unpacked_home(wanted, cache) is None
    assert not cache.exists() or not list(cache.iterdir())
    assert str(refused.value).isprintable()
    assert str(refused.value).endswith(ADVICE)
    return str(refused.value)
