"""Starts the stand-ins alone, with credentials from the environment or made-up ones: `python -m standins`.

PORT (8080), HOST (127.0.0.1), WEBHOOK_URL, APP_SECRET, VERIFY_TOKEN, PHONE_NUMBER_ID, ACCESS_TOKEN, CLIENT_ID,
CLIENT_SECRET, GRAPH_VERSION, DIGILOCKER_VERSION (1.x | 2.4), IDENTITY (legacy | 2026 | username | username-empty),
REDIRECT_URIS (separated by spaces).
"""

import os
import signal
import sys
import threading
from collections.abc import Mapping
from typing import Any, get_args

from standins.config import DigiLockerVersion, Identity, SimulatorConfig
from standins.server import PortTaken, Simulator

_MADE_UP = {
    "app_secret": "made-up-app-secret",
    "verify_token": "made-up-verify-token",
    "phone_number_id": "100000000000001",
    "access_token": "made-up-access-token",
    "client_id": "MADEUP01",
    "client_secret": "made-up-client-secret",
}
_CHOICES = {"digilocker_version": get_args(DigiLockerVersion.__value__), "identity": get_args(Identity.__value__)}


def config_from(environment: Mapping[str, str]) -> SimulatorConfig:
    """Return the configuration; raises ValueError with the name of the variable that makes no sense."""
    values: dict[str, Any] = {name: environment.get(name.upper()) or made_up for name, made_up in _MADE_UP.items()}
    values["webhook_url"] = environment.get("WEBHOOK_URL") or None
    values["redirect_uris"] = tuple(environment.get("REDIRECT_URIS", "").split())
    if environment.get("GRAPH_VERSION"):
        values["graph_version"] = environment["GRAPH_VERSION"]
    for name, choices in _CHOICES.items():
        value = environment.get(name.upper())
        if value and value not in choices:
            raise ValueError(f"{name.upper()} is one of {', '.join(choices)}")
        if value:
            values[name] = value
    return SimulatorConfig(**values)


def main() -> int:
    """Serve until interrupted; return the exit status."""
    stop = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())
    try:
        config = config_from(os.environ)
        port = int(os.environ.get("PORT") or 8080)
        simulator = Simulator(config, port, os.environ.get("HOST") or "127.0.0.1")
    except (PortTaken, ValueError) as error:
        print(f"simulator: {error}", file=sys.stderr)
        return 1
    with simulator:
        print(f"The stand-ins are at {simulator.url}/ (Ctrl-C ends them).", flush=True)
        stop.wait()
    return 0


if __name__ == "__main__":
    sys.exit(main())
