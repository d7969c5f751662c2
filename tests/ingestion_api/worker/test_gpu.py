"""Graphics cards are told by the driver's own tool, when it is there and well."""

from pathlib import Path

import pytest

from ingestion_api.worker.gpu import gpu_info

NONE = {"available": False, "cards": []}


def tool(tmp_path: Path, script: str) -> str:
    """A stand-in for the driver's tool, which no test machine has."""
    file = tmp_path / "smi"
    file.write_text(f"#!/bin/sh\n{script}\n")
    file.chmod(0o755)
    return str(file)


def test_cards_are_named_with_their_memory(tmp_path: Path) -> None:
    """In bytes."""
    facts = gpu_info(tool(tmp_path, "echo 'NVIDIA L4, 23034, 550.90'; echo 'NVIDIA L4, 23034, 550.90'"))
    card = {"name": "NVIDIA L4", "memory_bytes": 23034 * 1024**2, "driver": "550.90"}
    assert facts == {"available": True, "cards": [card, card]}


@pytest.mark.parametrize("script", ["exit 9", "echo 'No devices were found'", ":"])
def test_a_driver_that_is_unwell_means_no_card(tmp_path: Path, script: str) -> None:
    """The worker works all the same."""
    assert gpu_info(tool(tmp_path, script)) == NONE


def test_without_the_tool_there_is_no_card(tmp_path: Path) -> None:
    """As on most machines."""
    assert gpu_info(str(tmp_path / "smi")) == NONE
