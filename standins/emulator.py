"""The local AWS, run so that it cannot outlive whoever started it.

`python -m standins.emulator FD` serves ministack on the listening socket that it inherited under that number. It ends
when it is told to, or when its standard input ends: that happens even when the parent is killed outright and can stop
nothing any more.
"""

import asyncio
import os
import resource
import signal
import sys
import threading

from hypercorn.asyncio import serve
from hypercorn.config import Config
from ministack.app import app  # type: ignore[import-untyped]

_KEEP_ALIVE_SECONDS = 75  # as ministack's own command has it


def _stop_with_parent() -> None:
    # Not by sys.stdin: a thread that waits in it makes the interpreter's end fail.
    while os.read(0, 1):
        pass
    # The whole group: the emulator runs the functions as processes of their own.
    os.killpg(os.getpgid(0), signal.SIGTERM)


def main(listening: int) -> None:
    """Serve until SIGTERM. `listening`: the socket's number."""
    _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    config = Config()
    config.bind = [f"fd://{listening}"]
    config.keep_alive_timeout = _KEEP_ALIVE_SECONDS
    config.loglevel = os.environ.get("LOG_LEVEL", "INFO")
    asyncio.run(serve(app, config))


if __name__ == "__main__":
    threading.Thread(target=_stop_with_parent, daemon=True, name="stop-with-parent").start()
    main(int(sys.argv[1]))
