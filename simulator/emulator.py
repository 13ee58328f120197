"""The local AWS, run so that it cannot outlive whoever started it.

`python -m simulator.emulator` runs ministack until it is told to stop, or until its standard input ends: that happens
even when the parent is killed outright and can stop nothing any more.
"""

import os
import signal
import threading

from ministack.app import main  # type: ignore[import-untyped]


def _stop_with_parent() -> None:
    # Not by sys.stdin: a thread that waits in it makes the interpreter's end fail.
    while os.read(0, 1):
        pass
    # The whole group: the emulator runs the functions as processes of their own.
    os.killpg(os.getpgid(0), signal.SIGTERM)


if __name__ == "__main__":
    threading.Thread(target=_stop_with_parent, daemon=True, name="stop-with-parent").start()
    main()
