"""What goes on after a call was answered: daemon threads that end when the simulator does."""

import threading
import time
from collections.abc import Callable


class Background:
    """Starts threads, lets them sleep until closed, and waits for them."""

    def __init__(self) -> None:
        self._closing = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._lock = threading.Lock()

    def start[**P](self, work: Callable[P, None], *args: P.args, **kwargs: P.kwargs) -> None:
        """Run `work` in its own thread; nothing is started once closed."""

        def run() -> None:
            try:
                work(*args, **kwargs)
            finally:
                with self._lock:
                    self._threads.discard(thread)

        thread = threading.Thread(target=run, name=f"simulator-{work.__name__}", daemon=True)
        with self._lock:
            if self._closing.is_set():
                return
            self._threads.add(thread)
            thread.start()

    def sleep(self, seconds: float) -> bool:
        """Wait in real time; return False as soon as the simulator closes."""
        return not self._closing.wait(seconds)

    def settle(self, timeout: float = 5.0) -> bool:
        """Wait until nothing runs any more; return False if something still does after `timeout` seconds."""
        deadline = time.monotonic() + timeout
        while True:
            with self._lock:
                running = [thread for thread in self._threads if thread is not threading.current_thread()]
            if not running:
                return True
            if time.monotonic() >= deadline:
                return False
            running[0].join(deadline - time.monotonic())

    def close(self) -> None:
        """End every sleep and give what runs a moment to stop."""
        self._closing.set()
        self.settle(timeout=1.0)
