"""Where learned encoders run: which device, how exactly it reckons, how much memory a batch may take."""

import os
from dataclasses import dataclass
from typing import Any

from ingestion_api.encoder.protocol import EncoderUnavailable

GPU_SHARE = 0.5  # of the memory that is free on a card
CPU_SHARE = 0.1  # the same memory serves the databases and the other workers
CPU_MAX_BYTES = 2**30


@dataclass(frozen=True)
class DeviceSettings:
    """What the settings say; "auto" takes a card where there is one, and half precision on it."""

    device: str = "auto"
    precision: str = "auto"
    memory: int | None = None


@dataclass(frozen=True)
class Device:
    """A device that was found: its name, its torch data type, and the bytes that a batch may take."""

    name: str
    dtype: Any
    memory: int


def find_device(torch: Any, choice: DeviceSettings) -> Device:
    """Return the chosen device; raise EncoderUnavailable when it is not there."""
    name = _device_name(torch, choice.device)
    try:
        torch.empty(1, device=name)
    except (RuntimeError, AssertionError) as error:
        raise EncoderUnavailable(
            f"encoder_device is {choice.device!r}, which torch cannot use here "
            f"({type(error).__name__}); expected auto, cpu or a card that is there"
        ) from error
    return Device(name, _dtype(torch, name, choice.precision), choice.memory or _batch_memory(torch, name))


def _device_name(torch: Any, wanted: str) -> str:
    if wanted != "auto":
        return wanted
    return "cuda" if torch.cuda.is_available() else "cpu"


def _dtype(torch: Any, name: str, precision: str) -> Any:
    if precision == "auto":
        precision = "full" if name == "cpu" else "half"
    return {"full": torch.float32, "half": torch.float16, "bfloat16": torch.bfloat16}[precision]


def _batch_memory(torch: Any, name: str) -> int:
    if name.startswith("cuda"):
        return int(torch.cuda.mem_get_info(name)[0] * GPU_SHARE)
    free = os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return int(min(free * CPU_SHARE, CPU_MAX_BYTES))
