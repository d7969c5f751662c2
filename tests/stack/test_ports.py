"""A port that is not free is reported with its owner and the setting that moves it."""

import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from stack import ports
from stack.errors import StackError
from stack.process_spec import Port, ProcessSpec


def service(*held: Port) -> ProcessSpec:
    return ProcessSpec("exporter", ("true",), "tcp://127.0.0.1:1", "", "", held)


def test_free_ports_pass(free_port: Callable[[], int]) -> None:
    ports.require_free_ports([service(Port(free_port(), "EXPORTER_PORT"))])


@pytest.mark.parametrize("address", ["127.0.0.1", "0.0.0.0"])  # noqa: S104 - it must be seen there, too
def test_a_port_in_use_names_holder_and_setting(free_port: Callable[[], int], address: str) -> None:
    number = free_port()
    with socket.create_server((address, number)), pytest.raises(StackError) as refused:
        ports.require_free_ports([service(Port(number, "EXPORTER_PORT"))])
    name = Path("/proc/self/comm").read_text().strip()
    assert str(refused.value) == (
        f"port {number} for the exporter is in use by {name} (process {os.getpid()}); "
        f"free it, or choose another: EXPORTER_PORT={number + 1} make run"
    )


def test_a_port_is_tried_on_the_address_that_it_is_for(free_port: Callable[[], int]) -> None:
    number = free_port()
    with socket.create_server(("::1", number), family=socket.AF_INET6):
        ports.require_free_ports([service(Port(number, "EXPORTER_PORT"))])
        with pytest.raises(StackError, match=f"GRAFANA_PORT={number + 1} make run"):
            ports.require_free_ports([service(Port(number, "GRAFANA_PORT", "::1"))])


def test_every_port_in_use_has_its_sentence(free_port: Callable[[], int]) -> None:
    first, second = free_port(), free_port()
    held = service(Port(first, "EXPORTER_PORT"), Port(second, "DEMO_PORT"))
    with (
        socket.create_server(("127.0.0.1", first)),
        socket.create_server(("127.0.0.1", second)),
        pytest.raises(StackError) as refused,
    ):
        ports.require_free_ports([held])
    assert len(str(refused.value).splitlines()) == 2


def test_one_port_for_two_is_refused(free_port: Callable[[], int]) -> None:
    number = free_port()
    with pytest.raises(StackError, match=f"DEMO_PORT and EXPORTER_PORT are both {number}; change one"):
        ports.require_free_ports([service(Port(number, "DEMO_PORT")), service(Port(number, "EXPORTER_PORT"))])
