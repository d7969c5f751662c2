"""Puts faults in force from the shell: `python -m demo.fault NAME [off] [parameter=value ...]`."""

import argparse
import sys
from typing import Any

import httpx2

from demo.settings import read_settings

# Lifting redis-stopped or database-stopped waits until the server answers.
TIMEOUT = 60.0


def main() -> None:
    """Send a command to the control API and print the result."""
    parser = argparse.ArgumentParser(prog="python -m demo.fault", description=__doc__)
    parser.add_argument("name", nargs="?", default="list", help="a fault, or list (default), or clear")
    parser.add_argument("rest", nargs="*", help="off, or parameters as name=value")
    given = parser.parse_args()
    settings = read_settings()
    address = f"http://{settings.host}:{settings.control_port}"
    with httpx2.Client(base_url=address, timeout=TIMEOUT, trust_env=False) as client:
        try:
            raise SystemExit(run_command(client, given.name.replace("_", "-"), given.rest))
        except httpx2.HTTPError:
            _print_line(
                f"Port {settings.control_port} (DEMO_CONTROL_PORT) does not answer; is the demo running?"
            )
            raise SystemExit(1) from None


def run_command(client: httpx2.Client, name: str, rest: list[str]) -> int:
    """Run the command; the exit code."""
    if name == "list":
        return _show(client)
    if name == "clear":
        return _report(client.delete("/faults"), "all faults are lifted")
    if rest == ["off"]:
        return _report(client.delete(f"/faults/{name}"), f"{name} is lifted")
    unclear = [word for word in rest if "=" not in word]
    if unclear:
        _print_line(f"{unclear[0]!r} is not a parameter; expected off or name=value.")
        return 2
    parameters = dict(word.split("=", 1) for word in rest)
    answer = client.post(f"/faults/{name}", json=parameters)
    return _report(answer, f"{name} is in force{_where(answer)}")


def _show(client: httpx2.Client) -> int:
    for fault in client.get("/faults").json()["faults"]:
        state = "IN FORCE" if fault["in_force"] else "-"
        parameters = fault["parameters"] or fault["defaults"]
        shown = " ".join(f"{key}={value}" for key, value in parameters.items())
        _print_line(f"{fault['name']:24} {state:9} {fault['words']} {f'({shown})' if shown else ''}")
    return 0


def _report(answer: httpx2.Response, good: str) -> int:
    body: dict[str, Any] = answer.json()
    _print_line(good if answer.is_success else str(body.get("detail", body)))
    return 0 if answer.is_success else 1


def _where(answer: httpx2.Response) -> str:
    """The environment file that a fault wrote, if any."""
    file = answer.json().get("parameters", {}).get("file") if answer.is_success else None
    return f"; the address to use is in {file}" if file else ""


def _print_line(text: str) -> None:
    sys.stdout.write(text.rstrip() + "\n")


if __name__ == "__main__":
    main()
